// What the functions of NCCL have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

enum ncclResult_t {
  ncclSuccess = 0,
  ncclUnhandledCudaError = 1,
  ncclInvalidArgument = 4,
  ncclInvalidUsage = 5
};

struct Communicator {
  int ranks = 1;
  int rank = 0;
  int device = 0;
};

inline constexpr std::string_view kCommunicator = "ncclCommInitRank";

template <class Body>
ncclResult_t nccl_call(std::string_view function, Body body) {
  return run_call<ncclResult_t>(function, [&](DriverModel& model) {
    return model.broken[current_device()] == cudaSuccess ? body(model) : ncclUnhandledCudaError;
  });
}

template <class Body>
ncclResult_t communicator_call(std::string_view function, const void* handle, Body body) {
  return nccl_call(function, [&](DriverModel& model) {
    if (!model.handles.holds(kCommunicator, handle)) return ncclInvalidArgument;
    return body(model, *static_cast<const Communicator*>(handle));
  });
}

}  // namespace memsweep::standin
