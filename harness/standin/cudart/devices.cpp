#include <array>
#include <climits>
#include <cstdio>

#include "harness/standin/cudart/call.h"

namespace memsweep::standin {
namespace {

constexpr int kKilo = 1024;

struct Attribute {
  cudaDeviceAttr attribute;
  int value;
};

// Limits of compute capability 9.0 (CUDA C++ Programming Guide, "Compute Capabilities"); the rest is what
// kernels do not ask for.
constexpr std::array kAttributes{
    Attribute{cudaDevAttrMaxThreadsPerBlock, 1024},
    Attribute{cudaDevAttrMaxBlockDimX, 1024},
    Attribute{cudaDevAttrMaxBlockDimY, 1024},
    Attribute{cudaDevAttrMaxBlockDimZ, 64},
    Attribute{cudaDevAttrMaxGridDimX, INT_MAX},
    Attribute{cudaDevAttrMaxGridDimY, 65535},
    Attribute{cudaDevAttrMaxGridDimZ, 65535},
    Attribute{cudaDevAttrMaxSharedMemoryPerBlock, 48 * kKilo},
    Attribute{cudaDevAttrWarpSize, 32},
    Attribute{cudaDevAttrMaxRegistersPerBlock, 65536},
    Attribute{cudaDevAttrKernelExecTimeout, 0},
    Attribute{cudaDevAttrIntegrated, 0},
    Attribute{cudaDevAttrCanMapHostMemory, 1},
    Attribute{cudaDevAttrComputeMode, 0},
    Attribute{cudaDevAttrConcurrentKernels, 1},
    Attribute{cudaDevAttrEccEnabled, 1},
    Attribute{cudaDevAttrPciDeviceId, 0},
    Attribute{cudaDevAttrPciDomainId, 0},
    Attribute{cudaDevAttrMemoryClockRate, 2619000},
    Attribute{cudaDevAttrGlobalMemoryBusWidth, 5120},
    Attribute{cudaDevAttrL2CacheSize, 50 * kKilo* kKilo},
    Attribute{cudaDevAttrAsyncEngineCount, 3},
    Attribute{cudaDevAttrUnifiedAddressing, 1},
    Attribute{cudaDevAttrMaxSharedMemoryPerMultiprocessor, 228 * kKilo},
    Attribute{cudaDevAttrMaxRegistersPerMultiprocessor, 65536},
    Attribute{cudaDevAttrMaxSharedMemoryPerBlockOptin, 227 * kKilo},
    Attribute{cudaDevAttrMaxBlocksPerMultiprocessor, 32},
    Attribute{cudaDevAttrReservedSharedMemoryPerBlock, kKilo},
    Attribute{cudaDevAttrMemoryPoolsSupported, 1},
    Attribute{cudaDevAttrMemoryPoolSupportedHandleTypes, 0},
};

cudaError_t attribute_of(const Settings& settings, cudaDeviceAttr attribute, int device, int& value) {
  switch (attribute) {
    case cudaDevAttrClockRate: value = settings.clock * 1000; return cudaSuccess;  // kHz
    case cudaDevAttrMultiProcessorCount: value = settings.multiprocessors; return cudaSuccess;
    case cudaDevAttrMaxThreadsPerMultiProcessor: value = settings.threads; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor: value = settings.capability / 10; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor: value = settings.capability % 10; return cudaSuccess;
    case cudaDevAttrPciBusId: value = device + 1; return cudaSuccess;
    default: break;
  }
  for (const Attribute& row : kAttributes) {
    if (row.attribute != attribute) continue;
    value = row.value;
    return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

}  // namespace

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
    return attribute_of(model.settings, attribute, device, *value);
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
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
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
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return query("cudaRuntimeGetVersion", [&](const DriverModel&) {
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
