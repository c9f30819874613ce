#include "harness/standin/device_attributes.h"

#include <cuda.h>
#include <driver_types.h>

#include <algorithm>
#include <array>
#include <climits>

namespace memsweep::standin {
namespace {

constexpr int kKilo = 1024;

struct Attribute {
  int attribute;
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
    Attribute{CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 1},
    Attribute{CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED, 0},
    Attribute{CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, 0},
    Attribute{cudaDevAttrReservedSharedMemoryPerBlock, kKilo},
    Attribute{cudaDevAttrMemoryPoolsSupported, 1},
    Attribute{cudaDevAttrMemoryPoolSupportedHandleTypes, 0},
};

}  // namespace

std::optional<int> device_attribute(const Settings& settings, int attribute, int device) {
  switch (attribute) {
    case cudaDevAttrClockRate: return settings.clock * 1000;  // kHz
    case cudaDevAttrMultiProcessorCount: return settings.multiprocessors;
    case cudaDevAttrMaxThreadsPerMultiProcessor: return settings.threads;
    case cudaDevAttrComputeCapabilityMajor: return settings.capability / 10;
    case cudaDevAttrComputeCapabilityMinor: return settings.capability % 10;
    case cudaDevAttrPciBusId: return device + 1;
    default: break;
  }
  const auto found = std::ranges::find(kAttributes, attribute, &Attribute::attribute);
  return found == kAttributes.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace memsweep::standin
