#include <cstdio>
#include <optional>
#include <string>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/streams.h"
#include "harness/standin/device_attributes.h"
#include "harness/standin/library_version.h"

namespace memsweep::standin {
extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  return query("cudaGetDeviceCount", [&](const DriverModel& model) {
    *count = model.settings.devices;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return query("cudaSetDevice", [&](const DriverModel& model) {
    if (!model.has_device(device)) return cudaErrorInvalidDevice;
    current_device() = device;
    return model.broken[device];
  });
}

cudaError_t cudaGetDevice(int* device) {
  return query("cudaGetDevice", [&](const DriverModel&) {
    *device = current_device();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return query("cudaDeviceGetAttribute", [&](const DriverModel& model) {
    if (!model.has_device(device)) return cudaErrorInvalidDevice;
    const std::optional<int> found = device_attribute(model.settings, attribute, device);
    if (!found) return cudaErrorInvalidValue;
    *value = *found;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetPCIBusId(char* bus_id, int length, int device) {
  return query("cudaDeviceGetPCIBusId", [&](const DriverModel& model) {
    if (!model.has_device(device)) return cudaErrorInvalidDevice;
    const std::string written = pci_bus_id(device);
    if (length <= static_cast<int>(written.size())) return cudaErrorInvalidValue;
    std::snprintf(bus_id, static_cast<std::size_t>(length), "%s", written.c_str());
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return call("cudaDeviceGetStreamPriorityRange", [&](const DriverModel&) {
    if (least != nullptr) *least = kLeastPriority;
    if (greatest != nullptr) *greatest = kGreatestPriority;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call("cudaDeviceSynchronize", [](DriverModel& model) {
    model.pools[current_device()].waited();
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return query("cudaDriverGetVersion", [&](const DriverModel&) {
    *version = kDriverVersion;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return query("cudaRuntimeGetVersion", [&](const DriverModel&) {
    *version = runtime_version();
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
