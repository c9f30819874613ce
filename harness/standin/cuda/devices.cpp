#include <cstdio>
#include <optional>

#include "harness/standin/cuda/call.h"
#include "harness/standin/device_attributes.h"
#include "harness/standin/error_names.h"

namespace memsweep::standin {

extern "C" {

CUresult cuInit(unsigned int) {
  return driver_query("cuInit", [](const DriverModel&) { return CUDA_SUCCESS; });
}

CUresult cuDriverGetVersion(int* version) {
  return driver_query("cuDriverGetVersion", [&](const DriverModel&) {
    *version = kDriverVersion;
    return CUDA_SUCCESS;
  });
}

CUresult cuGetErrorName(CUresult error, const char** name) {
  const CudaErrorName* const row = find_cuda_error(error);
  *name = row == nullptr ? nullptr : row->driver;
  return *name == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** meaning) {
  const CudaErrorName* const row = find_cuda_error(error);
  *meaning = row == nullptr ? nullptr : row->meaning;
  return *meaning == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
  return driver_query("cuDeviceGetCount", [&](const DriverModel& model) {
    *count = model.settings.devices;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return driver_query("cuDeviceGet", [&](const DriverModel& model) {
    if (!model.has_device(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return driver_query("cuDeviceGetName", [&](const DriverModel& model) {
    if (!model.has_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    if (length < 1) return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(name, static_cast<std::size_t>(length), "%s", model.settings.name.c_str());
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  return driver_query("cuDeviceGetAttribute", [&](const DriverModel& model) {
    if (!model.has_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    const std::optional<int> found = device_attribute(model.settings, attribute, device);
    if (!found) return CUDA_ERROR_INVALID_VALUE;
    *value = *found;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem(size_t* bytes, CUdevice device) {
  return driver_query("cuDeviceTotalMem", [&](const DriverModel& model) {
    if (!model.has_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    *bytes = model.memory.capacity();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetInfo(size_t* free_bytes, size_t* total) {
  return driver_call("cuMemGetInfo", [&](const DriverModel& model) {
    *free_bytes = model.memory.free_bytes(current_device());
    *total = model.memory.capacity();
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
