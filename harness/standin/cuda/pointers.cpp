#include <algorithm>
#include <cstdint>

#include "harness/standin/cuda/call.h"

namespace memsweep::standin {

extern "C" {

CUresult cuPointerGetAttribute(void* data, CUpointer_attribute attribute, CUdeviceptr pointer) {
  return driver_call("cuPointerGetAttribute", [&](DriverModel& model) {
    const int device = model.memory.device_of(pointer);
    if (device < 0) return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
      case CU_POINTER_ATTRIBUTE_CONTEXT:
        *static_cast<void**>(data) = reinterpret_cast<void*>(std::uintptr_t(device) + 1);
        return CUDA_SUCCESS;
      case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *static_cast<unsigned*>(data) = CU_MEMORYTYPE_DEVICE;
        return CUDA_SUCCESS;
      case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        *static_cast<CUdeviceptr*>(data) = pointer;
        return CUDA_SUCCESS;
      case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: *static_cast<int*>(data) = device; return CUDA_SUCCESS;
    }
    model.observations.note_unsupported("cuPointerGetAttribute of another attribute");
    return CUDA_ERROR_NOT_SUPPORTED;
  });
}

/// Where nothing is computed, what the words hold is not followed.
CUresult cuMemsetD32Async(CUdeviceptr pointer, unsigned int value, size_t count, CUstream) {
  return driver_call("cuMemsetD32Async", [&](DriverModel& model) {
    const Range range{pointer, count * sizeof(unsigned)};
    if (!model.memory.accessible(range)) return CUDA_ERROR_INVALID_VALUE;
    if (model.settings.compute) {
      std::fill_n(reinterpret_cast<unsigned*>(pointer), count, value);
    } else {
      model.shadow.forget(range);
    }
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
