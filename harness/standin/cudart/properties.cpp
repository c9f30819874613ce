#include <cstdio>
#include <optional>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/device_properties.h"
#include "harness/standin/device_attributes.h"

namespace memsweep::standin {
namespace {

/// What a device has beyond its attributes is left out: textures, NUMA, identity. Properties as CUDA 12 or 13
/// lays them out.
template <class Properties>
Properties properties_of(const Settings& settings, int device) {
  const auto attribute = [&](cudaDeviceAttr which) {
    return device_attribute(settings, which, device).value_or(0);
  };
  constexpr std::size_t kConstantBytes = std::size_t{64} << 10;
  constexpr std::size_t kTextureAlignment = 512;
  Properties made{};
  std::snprintf(made.name, sizeof(made.name), "%s", settings.name.c_str());
  made.uuid[0] = static_cast<char>(device + 1);  // what tells devices apart
  made.totalGlobalMem = settings.memory;
  made.sharedMemPerBlock = attribute(cudaDevAttrMaxSharedMemoryPerBlock);
  made.regsPerBlock = attribute(cudaDevAttrMaxRegistersPerBlock);
  made.warpSize = attribute(cudaDevAttrWarpSize);
  made.maxThreadsPerBlock = attribute(cudaDevAttrMaxThreadsPerBlock);
  made.maxThreadsDim[0] = attribute(cudaDevAttrMaxBlockDimX);
  made.maxThreadsDim[1] = attribute(cudaDevAttrMaxBlockDimY);
  made.maxThreadsDim[2] = attribute(cudaDevAttrMaxBlockDimZ);
  made.maxGridSize[0] = attribute(cudaDevAttrMaxGridDimX);
  made.maxGridSize[1] = attribute(cudaDevAttrMaxGridDimY);
  made.maxGridSize[2] = attribute(cudaDevAttrMaxGridDimZ);
  made.totalConstMem = kConstantBytes;
  made.major = attribute(cudaDevAttrComputeCapabilityMajor);
  made.minor = attribute(cudaDevAttrComputeCapabilityMinor);
  made.textureAlignment = kTextureAlignment;
  made.multiProcessorCount = attribute(cudaDevAttrMultiProcessorCount);
  made.canMapHostMemory = attribute(cudaDevAttrCanMapHostMemory);
  made.concurrentKernels = attribute(cudaDevAttrConcurrentKernels);
  made.ECCEnabled = attribute(cudaDevAttrEccEnabled);
  made.pciBusID = attribute(cudaDevAttrPciBusId);
  made.asyncEngineCount = attribute(cudaDevAttrAsyncEngineCount);
  made.unifiedAddressing = attribute(cudaDevAttrUnifiedAddressing);
  made.memoryBusWidth = attribute(cudaDevAttrGlobalMemoryBusWidth);
  made.l2CacheSize = attribute(cudaDevAttrL2CacheSize);
  made.maxThreadsPerMultiProcessor = attribute(cudaDevAttrMaxThreadsPerMultiProcessor);
  made.streamPrioritiesSupported = 1;
  made.sharedMemPerMultiprocessor = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor);
  made.regsPerMultiprocessor = attribute(cudaDevAttrMaxRegistersPerMultiprocessor);
  made.cooperativeLaunch = 1;
  made.sharedMemPerBlockOptin = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  made.maxBlocksPerMultiProcessor = attribute(cudaDevAttrMaxBlocksPerMultiprocessor);
  made.reservedSharedMemPerBlock = attribute(cudaDevAttrReservedSharedMemoryPerBlock);
  made.hostRegisterSupported = 1;
  made.memoryPoolsSupported = attribute(cudaDevAttrMemoryPoolsSupported);
  made.clusterLaunch = settings.capability >= 90 ? 1 : 0;
  if constexpr (requires { made.clockRate; }) {  // what CUDA 13 has dropped
    made.clockRate = attribute(cudaDevAttrClockRate);
    made.memoryClockRate = attribute(cudaDevAttrMemoryClockRate);
    made.deviceOverlap = 1;
  }
  return made;
}

template <class Properties>
cudaError_t get_properties(std::string_view function, Properties* properties, int device) {
  return query(function, [&](const DriverModel& model) {
    if (!model.has_device(device)) return cudaErrorInvalidDevice;
    *properties = properties_of<Properties>(model.settings, device);
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return get_properties("cudaGetDeviceProperties", properties, device);
}

/// CUDA 12's.
cudaError_t cudaGetDeviceProperties_v2(cudaDeviceProp12* properties, int device) {
  return get_properties("cudaGetDeviceProperties_v2", properties, device);
}

}  // extern "C"
}  // namespace memsweep::standin
