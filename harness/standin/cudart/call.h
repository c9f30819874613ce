// What every function of the runtime does: it remembers its error for cudaGetLastError().
#pragma once

#include <cuda_runtime_api.h>

#include <string_view>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

/// Of the calling thread.
cudaError_t& last_error();

inline cudaError_t remember(cudaError_t status) {
  if (status != cudaSuccess) last_error() = status;
  return status;
}

/// A function that needs no context.
template <class Body>
cudaError_t query(std::string_view function, Body body) {
  return remember(run_call<cudaError_t>(function, body));
}

/// A function that needs the context of the current device.
template <class Body>
cudaError_t call(std::string_view function, Body body) {
  return remember(run_context_call<cudaError_t>(function, body));
}

}  // namespace memsweep::standin
