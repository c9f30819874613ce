// What a device reaches, measured with its own bodies: the numbers of which a profile is made.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/device/device.h"
#include "harness/sweep/timing.h"

namespace memsweep {

struct Measurement {
  std::string name;  // "copy", "product bf16 4096"
  double amount;     // of `unit` in the median time
  std::string unit;  // "B/s", "FLOP/s", "s"
  Spread seconds;    // of one run
};

struct Calibration {
  std::vector<Measurement> measurements;
  std::size_t largest_bytes = 0;  // that could be allocated at a time, in as many segments as it takes
  /// The device's own, with the rates that were reached: its shares of them are 1. Its memory and context are
  /// as the device says.
  Profile profile;
};

/// Takes some seconds, and for a moment all memory of the device. Throws DeviceError, and UsageError for a
/// device that does not compute or has no room to measure in.
[[nodiscard]] Calibration calibrate(Device& device);

}  // namespace memsweep
