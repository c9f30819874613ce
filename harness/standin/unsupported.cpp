#include "harness/standin/unsupported.h"

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

int unsupported(std::string_view function, int status) {
  return run_call<int>(function, [&](DriverModel& model) {
    model.observations.note_unsupported(function);
    return status;
  });
}

int work_on_device(std::string_view function, int failed) {
  return run_call<int>(function, [failed](const DriverModel& model) {
    return model.broken[current_device()] == cudaSuccess ? 0 : failed;
  });
}

}  // namespace memsweep::standin
