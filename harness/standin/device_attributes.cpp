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

/// What grew with the generations (CUDA C++ Programming Guide, "Technical Specifications per Compute
/// Capability").
struct Generation {
  int capability;        // the first with it
  int shared_kilobytes;  // of shared memory a multiprocessor
  int largest_share;     // of them for one block that asks for it
  int reserved;          // of them a block, for the system
  int blocks;            // a multiprocessor
};

constexpr std::array kGenerations{
    Generation{0, 96, 96, 0, 32},    Generation{75, 64, 64, 0, 16},   Generation{80, 164, 163, 1, 32},
    Generation{86, 100, 99, 1, 16},  Generation{87, 164, 163, 1, 16}, Generation{89, 100, 99, 1, 24},
    Generation{90, 228, 227, 1, 32}, Generation{120, 100, 99, 1, 24},
};

const Generation& generation_of(int capability) {
  const Generation* found = &kGenerations.front();
  for (const Generation& each : kGenerations) {
    if (each.capability <= capability) found = &each;
  }
  return *found;
}

// Limits that are those of all GPUs, or of compute capability 9.0; the rest is what kernels do not ask for.
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
    Attribute{cudaDevAttrGlobalMemoryBusWidth, 5120},
    Attribute{cudaDevAttrL2CacheSize, 50 * kKilo* kKilo},
    Attribute{cudaDevAttrAsyncEngineCount, 3},
    Attribute{cudaDevAttrUnifiedAddressing, 1},
    Attribute{cudaDevAttrMaxRegistersPerMultiprocessor, 65536},
    Attribute{CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 1},
    Attribute{CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED, 0},
    Attribute{CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, 0},
    Attribute{cudaDevAttrMemoryPoolsSupported, 1},
    Attribute{cudaDevAttrMemoryPoolSupportedHandleTypes, 0},
};

}  // namespace

std::optional<int> device_attribute(const Settings& settings, int attribute, int device) {
  const Generation& generation = generation_of(settings.capability);
  switch (attribute) {
    case cudaDevAttrClockRate: return settings.clock * 1000;  // kHz
    case cudaDevAttrMemoryClockRate: return settings.memory_clock * 1000;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return generation.shared_kilobytes * kKilo;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: return generation.largest_share * kKilo;
    case cudaDevAttrReservedSharedMemoryPerBlock: return generation.reserved * kKilo;
    case cudaDevAttrMaxBlocksPerMultiprocessor: return generation.blocks;
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
