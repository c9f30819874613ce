#include "harness/device/cuda/nvml.h"

#include <dlfcn.h>

#include "kernels/cuda/check.h"

namespace memsweep {
namespace {

// nvml.h, which is not part of every toolkit.
constexpr int kSuccess = 0, kSmClock = 1, kGpuTemperature = 0;
constexpr unsigned long long kHardwareSlowdown = 0x08, kSoftwareHeat = 0x20, kHardwareHeat = 0x40,
                             kPowerBrake = 0x80;
constexpr unsigned long long kThrottled = kHardwareSlowdown | kSoftwareHeat | kHardwareHeat | kPowerBrake;

template <typename Function>
bool fetch(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Nvml::Nvml(const std::string& pci_bus_id) : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) return;
  int (*init)() = nullptr;
  int (*find)(const char*, Device*) = nullptr;
  const bool whole = fetch(library_, "nvmlInit_v2", init) &&
                     fetch(library_, "nvmlDeviceGetHandleByPciBusId_v2", find) &&
                     fetch(library_, "nvmlDeviceGetClockInfo", get_clock_) &&
                     fetch(library_, "nvmlDeviceGetTemperature", get_temperature_) &&
                     fetch(library_, "nvmlDeviceGetCurrentClocksThrottleReasons", get_reasons_);
  if (!whole || init() != kSuccess || find(pci_bus_id.c_str(), &device_) != kSuccess) device_ = nullptr;
}

Nvml::~Nvml() {
  if (library_ == nullptr) return;
  int (*shutdown)() = nullptr;
  if (fetch(library_, "nvmlShutdown", shutdown)) cuda::give_back(shutdown);
  dlclose(library_);
}

GpuState Nvml::state() const {
  GpuState state;
  if (device_ == nullptr) return state;
  unsigned long long reasons = 0;
  static_cast<void>(get_clock_(device_, kSmClock, &state.sm_clock_mhz));
  static_cast<void>(get_temperature_(device_, kGpuTemperature, &state.celsius));
  if (get_reasons_(device_, &reasons) == kSuccess) state.throttled = (reasons & kThrottled) != 0;
  return state;
}

}  // namespace memsweep
