// What libraries have in common that remember handles and descriptors, and whose results nobody computes
// here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

/// A library, by the statuses of its functions; 0 is success in each.
struct Library {
  int no_handle = 0;  // what was handed in is no handle
  int failed = 0;     // the context is broken, and executes nothing

  template <class Body>
  [[nodiscard]] int call(std::string_view function, Body body) const {
    return run_call<int>(function, [&](DriverModel& model) {
      return model.broken[current_device()] == cudaSuccess ? body(model) : failed;
    });
  }

  /// Makes the object behind a handle that the function `maker` hands out.
  template <class Object>
  [[nodiscard]] int create(std::string_view maker, void** handle, Object object) const {
    return call(maker, [&](DriverModel& model) {
      *handle = model.handles.create(maker, std::move(object));
      return 0;
    });
  }

  [[nodiscard]] int destroy(std::string_view function, std::string_view maker, const void* handle) const {
    return run_call<int>(
        function, [&](DriverModel& model) { return model.handles.destroy(maker, handle) ? 0 : no_handle; });
  }

  /// Runs `body(object)` with the object behind a handle of `maker`.
  template <class Object, class Body>
  [[nodiscard]] int with(std::string_view function, std::string_view maker, void* handle, Body body) const {
    return call(function, [&](const DriverModel& model) {
      if (!model.handles.holds(maker, handle)) return no_handle;
      body(*static_cast<Object*>(handle));
      return 0;
    });
  }

  /// Hands out the size of a workspace, which only the library knows: `elements` of `element_bytes` bytes
  /// each are an assumption, and the report says so.
  template <class Size>
  [[nodiscard]] int assume(std::string_view function, Size* size, std::size_t elements,
                           std::size_t element_bytes = 1) const {
    return call(function, [&](DriverModel& model) {
      const std::size_t told = std::min<std::size_t>(elements, std::numeric_limits<Size>::max());
      model.observations.note_estimate(function, told * element_bytes);
      *size = static_cast<Size>(told);
      return 0;
    });
  }
};

/// Bytes of a value; complex types (4 to 7 and 15) have a real and an imaginary part. 0: not known.
[[nodiscard]] constexpr std::size_t bytes_of_type(int type) {
  switch (type) {
    case 2:
    case 14: return 2;  // CUDA_R_16F, CUDA_R_16BF
    case 0:
    case 6:
    case 15: return 4;  // CUDA_R_32F, CUDA_C_16F, CUDA_C_16BF
    case 1:
    case 4: return 8;   // CUDA_R_64F, CUDA_C_32F
    case 5: return 16;  // CUDA_C_64F
    default: return 0;
  }
}

}  // namespace memsweep::standin
