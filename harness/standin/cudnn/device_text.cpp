// What cuDNN wants to know of a device. The fields are those that cuDNN 9.19 misses by name in a text without
// them (CUDNN_LOGLEVEL_DBG=1); it fills them itself from the attributes of a device that is there.
//
// What they decide was tried with 216 convolutions, in fp32, fp16 and bf16 and in both layouts: the compute
// capability nearly everything, the memory's clock the workspace of four, and nothing else that of any: not
// the number of multiprocessors, nor memory, caches, shared memory, registers, the other clock or the name.
#include "harness/standin/cudnn/device_text.h"

#include <driver_types.h>

#include <nlohmann/json.hpp>

#include "harness/standin/device_attributes.h"
#include "harness/standin/driver_model.h"

namespace memsweep::standin {

std::string device_text(const Settings& settings) {
  const auto attribute = [&](int which) { return device_attribute(settings, which, 0).value_or(0); };
  const nlohmann::json fields{
      {"cudaDeviceId", 0},
      {"deviceName", settings.name},
      {"deviceVer", settings.capability * 10},
      {"driverVer", kDriverVersion},
      {"isTccDriver", 0},
      {"l2CacheSize", attribute(cudaDevAttrL2CacheSize)},
      {"maxBlockSize",
       {attribute(cudaDevAttrMaxBlockDimX), attribute(cudaDevAttrMaxBlockDimY),
        attribute(cudaDevAttrMaxBlockDimZ)}},
      {"maxCtasPerSM", attribute(cudaDevAttrMaxBlocksPerMultiprocessor)},
      {"maxGridSize",
       {attribute(cudaDevAttrMaxGridDimX), attribute(cudaDevAttrMaxGridDimY),
        attribute(cudaDevAttrMaxGridDimZ)}},
      {"maxRegistersPerSM", attribute(cudaDevAttrMaxRegistersPerMultiprocessor)},
      {"maxSharedMemoryPerBlock", attribute(cudaDevAttrMaxSharedMemoryPerBlock)},
      {"maxSharedMemoryPerBlockOptin", attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)},
      {"maxThreadsPerBlock", attribute(cudaDevAttrMaxThreadsPerBlock)},
      {"maxThreadsPerSM", attribute(cudaDevAttrMaxThreadsPerMultiProcessor)},
      {"memClockRateKHz", attribute(cudaDevAttrMemoryClockRate)},
      {"multiProcessorCount", attribute(cudaDevAttrMultiProcessorCount)},
      {"pciDeviceId", attribute(cudaDevAttrPciDeviceId)},
      {"regsPerBlock", attribute(cudaDevAttrMaxRegistersPerBlock)},
      {"reservedSharedMemoryPerBlock", attribute(cudaDevAttrReservedSharedMemoryPerBlock)},
      {"smClockRateKHz", attribute(cudaDevAttrClockRate)},
      {"supportCoopLaunch", 1},
      {"totalGlobalMem", settings.memory},
      {"warpSize", attribute(cudaDevAttrWarpSize)},
  };
  return fields.dump();
}

}  // namespace memsweep::standin
