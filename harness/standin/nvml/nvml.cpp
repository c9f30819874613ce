// The devices as NVML shows them. A device's handle is one more than its index.
#include <nvml.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "harness/standin/driver_model.h"
#include "harness/standin/error_names.h"

namespace memsweep::standin {
namespace {

/// A function that nvmlInit() has to come before.
template <class Body>
nvmlReturn_t nvml_call(std::string_view function, Body body) {
  return run_call<nvmlReturn_t>(function, [&](DriverModel& model) {
    return model.nvml_users > 0 ? body(model) : NVML_ERROR_UNINITIALIZED;
  });
}

nvmlDevice_t handle_of(int device) { return reinterpret_cast<nvmlDevice_t>(std::uintptr_t(device) + 1); }

/// A function about a device.
template <class Body>
nvmlReturn_t device_call(std::string_view function, nvmlDevice_t handle, Body body) {
  return nvml_call(function, [&](const DriverModel& model) {
    const int device = static_cast<int>(reinterpret_cast<std::uintptr_t>(handle)) - 1;
    return model.has_device(device) ? body(model, device) : NVML_ERROR_INVALID_ARGUMENT;
  });
}

nvmlReturn_t clock_reasons(std::string_view function, nvmlDevice_t handle, unsigned long long* reasons) {
  return device_call(function, handle, [&](const DriverModel& model, int) {
    const bool throttled = model.calls.counts().find(function)->second <= model.settings.throttled;
    *reasons = throttled ? nvmlClocksEventReasonSwThermalSlowdown : nvmlClocksEventReasonNone;
    return NVML_SUCCESS;
  });
}

std::vector<nvmlProcessInfo_t> processes_on(const DriverModel& model, int device) {
  constexpr unsigned kWholeDevice = ~0U;
  constexpr unsigned kOtherProcess = 1;
  const std::size_t used = model.memory.capacity() - model.memory.free_bytes(device);
  const std::size_t others = model.settings.others;
  std::vector<nvmlProcessInfo_t> processes{
      {static_cast<unsigned>(getpid()), used - others, kWholeDevice, kWholeDevice}};
  if (others > 0) processes.push_back({kOtherProcess, others, kWholeDevice, kWholeDevice});
  return processes;
}

}  // namespace

extern "C" {

nvmlReturn_t nvmlInit_v2() {
  return run_call<nvmlReturn_t>("nvmlInit_v2", [](DriverModel& model) {
    ++model.nvml_users;
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlShutdown() {
  return nvml_call("nvmlShutdown", [](DriverModel& model) {
    --model.nvml_users;
    return NVML_SUCCESS;
  });
}

const char* nvmlErrorString(nvmlReturn_t result) {
  const StatusName* const row = find_nvml_return(result);
  return row == nullptr ? "Unknown Error" : row->meaning;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int* count) {
  return nvml_call("nvmlDeviceGetCount_v2", [&](const DriverModel& model) {
    *count = static_cast<unsigned>(model.settings.devices);
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t* device) {
  return nvml_call("nvmlDeviceGetHandleByIndex_v2", [&](const DriverModel& model) {
    if (!model.has_device(static_cast<int>(index))) return NVML_ERROR_INVALID_ARGUMENT;
    *device = handle_of(static_cast<int>(index));
    return NVML_SUCCESS;
  });
}

/// The domain may have four digits, as the runtime writes it, or eight, as NVML does.
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, nvmlDevice_t* device) {
  return nvml_call("nvmlDeviceGetHandleByPciBusId_v2", [&](const DriverModel& model) {
    for (int each = 0; each < model.settings.devices; ++each) {
      const std::string known = pci_bus_id(each);
      if (known != bus_id && "0000" + known != bus_id) continue;
      *device = handle_of(each);
      return NVML_SUCCESS;
    }
    return NVML_ERROR_NOT_FOUND;
  });
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t handle, char* name, unsigned int length) {
  return device_call("nvmlDeviceGetName", handle, [&](const DriverModel& model, int) {
    if (length <= model.settings.name.size()) return NVML_ERROR_INSUFFICIENT_SIZE;
    std::snprintf(name, length, "%s", model.settings.name.c_str());
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t handle, nvmlClockType_t type, unsigned int* megahertz) {
  return device_call("nvmlDeviceGetClockInfo", handle, [&](const DriverModel& model, int) {
    if (type != NVML_CLOCK_GRAPHICS && type != NVML_CLOCK_SM) return NVML_ERROR_NOT_SUPPORTED;
    *megahertz = static_cast<unsigned>(model.settings.clock);
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t handle, nvmlTemperatureSensors_t sensor,
                                      unsigned int* celsius) {
  return device_call("nvmlDeviceGetTemperature", handle, [&](const DriverModel& model, int) {
    if (sensor != NVML_TEMPERATURE_GPU) return NVML_ERROR_INVALID_ARGUMENT;
    *celsius = static_cast<unsigned>(model.settings.temperature);
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t handle, unsigned long long* reasons) {
  return clock_reasons("nvmlDeviceGetCurrentClocksEventReasons", handle, reasons);
}

nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t handle, unsigned long long* reasons) {
  return clock_reasons("nvmlDeviceGetCurrentClocksThrottleReasons", handle, reasons);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t* memory) {
  return device_call("nvmlDeviceGetMemoryInfo", handle, [&](const DriverModel& model, int device) {
    const std::size_t total = model.memory.capacity();
    const std::size_t free = model.memory.free_bytes(device);
    *memory = {total, free, total - free};
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t* memory) {
  return device_call("nvmlDeviceGetMemoryInfo_v2", handle, [&](const DriverModel& model, int device) {
    if (memory->version != nvmlMemory_v2) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    const std::size_t total = model.memory.capacity();
    const std::size_t free = model.memory.free_bytes(device);
    *memory = {nvmlMemory_v2, total, 0, free, total - free};
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t handle, unsigned int* count,
                                                     nvmlProcessInfo_t* processes) {
  return device_call("nvmlDeviceGetComputeRunningProcesses_v3", handle,
                     [&](const DriverModel& model, int device) {
                       const std::vector<nvmlProcessInfo_t> running = processes_on(model, device);
                       const unsigned places = *count;
                       *count = static_cast<unsigned>(running.size());
                       if (places < *count) return NVML_ERROR_INSUFFICIENT_SIZE;
                       std::copy(running.begin(), running.end(), processes);
                       return NVML_SUCCESS;
                     });
}

}  // extern "C"
}  // namespace memsweep::standin
