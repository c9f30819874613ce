// A device interprets ops. It knows neither programs nor scenarios.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/device/profile.h"
#include "harness/memory/segment_source.h"
#include "kernels/op.h"

namespace memsweep {

class Device {
 public:
  virtual ~Device() = default;

  /// "cpu", "sim:h100-sxm-80gb", "cuda:h100-80gb-hbm3": how rows name it.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual const Profile& profile() const = 0;
  [[nodiscard]] virtual SegmentSource& memory() = 0;

  /// Host memory that this device copies to and from; a simulated one gives addresses that must not be
  /// followed. Throws std::bad_alloc.
  [[nodiscard]] virtual Address allocate_host(std::size_t bytes) = 0;
  virtual void free_host(Address address) noexcept = 0;

  /// Does what is asked for, on operands that lie in this device's memory. Throws DeviceError, naming the op,
  /// as now() and read() do.
  virtual void execute(const OpCall& call, const Views& views) = 0;

  /// Seconds on this device's clock, after all that was asked for is done.
  [[nodiscard]] virtual double now() = 0;

  /// Whether the device is slowing itself down, for its heat or its power supply: times taken now say little.
  [[nodiscard]] virtual bool throttled() { return false; }
  /// "1980 MHz, 43 C": what else times depend on now; empty where nobody says.
  [[nodiscard]] virtual std::string condition() { return {}; }
  /// "cuDNN 9.19.0", "no cuDNN": which of the libraries that it can do without it uses; empty where it knows
  /// of none.
  [[nodiscard]] virtual std::string libraries() const { return {}; }

  /// Throws DeviceError if a call failed since it was asked last that could not say so itself: one that gives
  /// memory back, or that was refused for another reason than a shortage.
  virtual void expect_sound() {}

  /// Whether values are there to be read; a simulation has none.
  [[nodiscard]] virtual bool computes() const = 0;
  /// Copies values to the host; only where computes().
  virtual void read(Address from, void* to, std::size_t bytes) = 0;
};

/// Real arithmetic in host memory under a cap of `memory_bytes`.
[[nodiscard]] std::unique_ptr<Device> make_cpu(std::size_t memory_bytes);

/// Addresses and bytes only; time by the profile's roofline.
[[nodiscard]] std::unique_ptr<Device> make_sim(Profile profile);
/// The same for those who ask about memory only: its clock stands still.
[[nodiscard]] std::unique_ptr<Device> make_untimed_sim(Profile profile);

struct DeviceOptions {
  std::string spec = "auto";                  // auto, cpu, cuda, cuda:N, sim, sim:PROFILE
  std::optional<std::size_t> memory_bytes{};  // cap; what the profile or the GPU says where it is not given
  std::string profile_file{};                 // a profile of one's own for sim
};

struct OpenedDevice {
  std::unique_ptr<Device> device;
  std::string remark;  // what `auto` chose and why; empty otherwise
};

/// Throws UsageError for a device that does not exist, DeviceError for one that is not here.
[[nodiscard]] OpenedDevice open_device(const DeviceOptions& options);

struct CudaRequest;  // open_cuda.h
using CudaOpener = std::function<std::unique_ptr<Device>(const CudaRequest&)>;

/// The same, where it is `open` that opens a cuda device.
[[nodiscard]] OpenedDevice open_device(const DeviceOptions& options, const CudaOpener& open);

}  // namespace memsweep
