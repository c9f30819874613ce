// The same program under other settings of the allocator, or on another device.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/rules.h"
#include "harness/memory/settings.h"
#include "harness/trace/largest_fit.h"
#include "harness/trace/run_trace.h"
#include "harness/trace/trace.h"

namespace memsweep {

struct DeviceSize {
  std::size_t total = 0;        // bytes
  std::size_t used_before = 0;  // by contexts and others, bytes
};

struct WhatIf {
  std::string settings;
  TraceResult result;
  /// The smallest device, in granules of 2 MiB, on which the whole trace runs, what is used before included.
  /// Bisected: a still smaller one on which it happens to run is not looked for. 0: none up to 4 TiB.
  std::size_t smallest_device = 0;
};

/// An unused allocator on a device of its own.
[[nodiscard]] FreshAllocator fresh_allocator(const AllocatorSettings& settings, PytorchRelease release,
                                             DeviceSize device);

/// Throws UsageError for settings that PyTorch refuses.
[[nodiscard]] WhatIf what_if(const Trace& trace, std::string_view settings, PytorchRelease release,
                             DeviceSize device);

/// Whether `a` serves a user better: it runs, or runs further; then reserves less; then is refused by the
/// device less often.
[[nodiscard]] bool better(const WhatIf& a, const WhatIf& b);

/// Settings that are worth a try, the default first.
[[nodiscard]] std::vector<std::string> sensible_settings(PytorchRelease release);

/// One sentence: which of `tried` to take, and why. The first is what the others are compared with.
[[nodiscard]] std::string recommend(std::span<const WhatIf> tried);

}  // namespace memsweep
