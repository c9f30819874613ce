// Contexts. A device has its primary one only; its handle is one more than the device's number.
#include <cstdint>
#include <vector>

#include "harness/standin/cuda/call.h"

namespace memsweep::standin {
namespace {

CUcontext context_of(int device) { return reinterpret_cast<CUcontext>(std::uintptr_t(device) + 1); }

/// -1: it is no context.
int device_of(const DriverModel& model, CUcontext context) {
  const int device = static_cast<int>(reinterpret_cast<std::uintptr_t>(context)) - 1;
  return model.has_device(device) ? device : -1;
}

/// Beneath the current one.
std::vector<int>& pushed_devices() {
  thread_local std::vector<int> devices;
  return devices;
}

}  // namespace

extern "C" {

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int* flags, int* active) {
  return driver_query("cuDevicePrimaryCtxGetState", [&](const DriverModel& model) {
    if (!model.has_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    *flags = 0;
    *active = model.in_use[device] ? 1 : 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return driver_query("cuDevicePrimaryCtxRetain", [&](DriverModel& model) {
    if (!model.has_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    model.in_use[device] = true;
    *context = context_of(device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  return driver_query("cuDevicePrimaryCtxRelease", [&](const DriverModel& model) {
    return model.has_device(device) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
  });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  return driver_query("cuCtxGetCurrent", [&](const DriverModel& model) {
    *context = model.in_use[current_device()] ? context_of(current_device()) : nullptr;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return driver_query("cuCtxSetCurrent", [&](DriverModel& model) {
    if (context == nullptr) return CUDA_SUCCESS;
    const int device = device_of(model, context);
    if (device < 0) return CUDA_ERROR_INVALID_CONTEXT;
    current_device() = device;
    model.in_use[device] = true;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPushCurrent(CUcontext context) {
  return driver_query("cuCtxPushCurrent", [&](const DriverModel& model) {
    const int device = device_of(model, context);
    if (device < 0) return CUDA_ERROR_INVALID_CONTEXT;
    pushed_devices().push_back(current_device());
    current_device() = device;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPopCurrent(CUcontext* context) {
  return driver_query("cuCtxPopCurrent", [&](const DriverModel&) {
    if (pushed_devices().empty()) return CUDA_ERROR_INVALID_CONTEXT;
    if (context != nullptr) *context = context_of(current_device());
    current_device() = pushed_devices().back();
    pushed_devices().pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return driver_query("cuCtxGetDevice", [&](const DriverModel&) {
    *device = current_device();
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
