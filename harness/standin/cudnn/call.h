// What the functions of cuDNN have in common. Numbers and layouts are those of cuDNN 9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "harness/standin/library.h"
#include "kernels/cuda/cudnn_api.h"

namespace memsweep::standin {

using cuda::cudnnStatus_t;
using enum cuda::cudnnStatus_t;

/// What makes handles of the library.
inline constexpr std::string_view kDnnHandle = "cudnnCreate";

inline constexpr Library kDnn{.no_handle = CUDNN_STATUS_BAD_PARAM, .failed = CUDNN_STATUS_EXECUTION_FAILED};

/// Where the context is broken, `body` is not run.
template <class Body>
cudnnStatus_t dnn_call(std::string_view function, Body body) {
  return static_cast<cudnnStatus_t>(
      kDnn.call(function, [&](DriverModel& model) -> int { return body(model); }));
}

/// Makes the object behind a handle that the function `maker` hands out.
template <class Object>
cudnnStatus_t create(std::string_view maker, void** handle) {
  return static_cast<cudnnStatus_t>(kDnn.create(maker, handle, Object{}));
}

/// Null is no error.
inline cudnnStatus_t destroy(std::string_view function, std::string_view maker, const void* handle) {
  return run_call<cudnnStatus_t>(function, [&](DriverModel& model) {
    const bool destroyed = handle == nullptr || model.handles.destroy(maker, handle);
    return destroyed ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
  });
}

/// A size in bytes that only the library knows: `bytes` is a guess, and the report says so.
template <class Bytes>
cudnnStatus_t estimate(std::string_view function, std::size_t* size, Bytes bytes) {
  return dnn_call(function, [&](DriverModel& model) {
    *size = bytes(model);
    model.observations.note_estimate(function, *size);
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // namespace memsweep::standin
