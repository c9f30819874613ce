// What PyTorch asks NVML for besides memory: how devices are connected. These are not.
#include <unistd.h>

#include "harness/standin/driver_model.h"

#include <nvml.h>

namespace memsweep::standin {
namespace {

nvmlReturn_t not_supported(std::string_view function) {
  return run_call<nvmlReturn_t>(function, [](const DriverModel&) { return NVML_ERROR_NOT_SUPPORTED; });
}

}  // namespace

extern "C" {

/// The first version of what a process takes.
struct nvmlProcessInfo_v1_t {
  unsigned int pid;
  unsigned long long usedGpuMemory;  // bytes
};

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t handle, unsigned int* count,
                                                  nvmlProcessInfo_v1_t* processes) {
  return run_call<nvmlReturn_t>("nvmlDeviceGetComputeRunningProcesses", [&](const DriverModel& model) {
    const int device = static_cast<int>(reinterpret_cast<std::uintptr_t>(handle)) - 1;
    if (!model.has_device(device)) return NVML_ERROR_INVALID_ARGUMENT;
    const unsigned places = *count;
    *count = 1;
    if (places < 1) return NVML_ERROR_INSUFFICIENT_SIZE;
    const std::size_t used = model.memory.capacity() - model.memory.free_bytes(device);
    processes[0] = {static_cast<unsigned>(getpid()), used - model.settings.others};
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return run_call<nvmlReturn_t>("nvmlSystemGetCudaDriverVersion_v2", [&](const DriverModel&) {
    *version = kDriverVersion;
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t, unsigned int, int*) {
  return not_supported("nvmlDeviceGetNvLinkRemoteDeviceType");
}

nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t, unsigned int, void*) {
  return not_supported("nvmlDeviceGetNvLinkRemotePciInfo_v2");
}

nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t, nvmlGpuFabricInfoV_t* fabric) {
  return run_call<nvmlReturn_t>("nvmlDeviceGetGpuFabricInfoV", [&](const DriverModel& model) {
    if (model.settings.capability < 90) return NVML_ERROR_NOT_SUPPORTED;
    fabric->state = NVML_GPU_FABRIC_STATE_NOT_SUPPORTED;
    fabric->status = NVML_ERROR_NOT_SUPPORTED;
    fabric->cliqueId = 0;
    return NVML_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
