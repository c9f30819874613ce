// What NVIDIA's management library knows of a GPU's state, where it is installed.
#pragma once

#include <string>

namespace memsweep {

/// Of one moment; zeros where the library does not say.
struct GpuState {
  unsigned sm_clock_mhz = 0;
  unsigned celsius = 0;
  bool throttled = false;  // by heat or by the power supply; not by the configured limit of power
};

class Nvml {
 public:
  /// Of the GPU with that PCI address ("0000:3B:00.0"). Without the library, or where it does not know the
  /// GPU, nothing is ever throttled.
  explicit Nvml(const std::string& pci_bus_id);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  [[nodiscard]] GpuState state() const;

 private:
  using Device = struct nvmlDevice_st*;
  using Get = int (*)(Device, int, unsigned*);
  using GetReasons = int (*)(Device, unsigned long long*);

  void* library_ = nullptr;
  Device device_ = nullptr;
  Get get_clock_ = nullptr;
  Get get_temperature_ = nullptr;
  GetReasons get_reasons_ = nullptr;
};

}  // namespace memsweep
