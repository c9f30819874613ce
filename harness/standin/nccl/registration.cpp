// Memory that is made known to NCCL, so that it need not be copied first. That takes no memory of the device.
#include "harness/standin/nccl/call.h"

namespace memsweep::standin {
namespace {

struct Registration {};

constexpr std::string_view kBuffer = "ncclCommRegister";
constexpr std::string_view kWindow = "ncclCommWindowRegister";

ncclResult_t register_memory(std::string_view maker, const void* communicator, void** handle) {
  return communicator_call(maker, communicator, [&](DriverModel& model, const Communicator&) {
    *handle = model.handles.create(maker, Registration{});
    return ncclSuccess;
  });
}

ncclResult_t deregister(std::string_view function, std::string_view maker, const void* communicator,
                        const void* handle) {
  return communicator_call(function, communicator, [&](DriverModel& model, const Communicator&) {
    return model.handles.destroy(maker, handle) ? ncclSuccess : ncclInvalidArgument;
  });
}

}  // namespace

extern "C" {

ncclResult_t ncclCommRegister(const void* communicator, void*, std::size_t, void** handle) {
  return register_memory(kBuffer, communicator, handle);
}

ncclResult_t ncclCommDeregister(const void* communicator, const void* handle) {
  return deregister("ncclCommDeregister", kBuffer, communicator, handle);
}

ncclResult_t ncclCommWindowRegister(const void* communicator, void*, std::size_t, void** window, int) {
  return register_memory(kWindow, communicator, window);
}

ncclResult_t ncclCommWindowDeregister(const void* communicator, const void* window) {
  return deregister("ncclCommWindowDeregister", kWindow, communicator, window);
}

}  // extern "C"
}  // namespace memsweep::standin
