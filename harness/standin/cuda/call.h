// What the driver's functions have in common.
#pragma once

#include <cuda.h>

#include <string_view>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

/// A function that needs no context.
template <class Body>
CUresult driver_query(std::string_view function, Body body) {
  return run_call<CUresult>(function, body);
}

/// A function that needs the context of the current device.
template <class Body>
CUresult driver_call(std::string_view function, Body body) {
  return run_context_call<CUresult>(function, body);
}

/// The model's errors are the runtime's; the numbers are the same.
inline CUresult as_result(cudaError_t error) { return static_cast<CUresult>(error); }

}  // namespace memsweep::standin
