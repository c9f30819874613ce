// The same program under other settings of the allocator, or on another device.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/rules.h"
#include "harness/trace/fresh_allocator.h"
#include "harness/trace/run_trace.h"
#include "harness/trace/trace.h"

namespace memsweep {

struct WhatIf {
  std::string settings;
  bool modelled = false;  // by the driver's pool, which is not known to the byte; all else is exact
  TraceResult result;
  /// The smallest device, in granules of 2 MiB, on which the whole trace runs, what is used before included.
  /// Bisected: a still smaller one on which it happens to run is not looked for. 0: none up to 4 TiB.
  std::size_t smallest_device = 0;
};

/// Throws UsageError for settings that PyTorch refuses.
[[nodiscard]] WhatIf what_if(const Trace& trace, std::string_view settings, PytorchRelease release,
                             DeviceSize device);

/// Whether `a` serves a user better: it runs, or runs further; then reserves less; then is refused by the
/// device less often.
[[nodiscard]] bool better(const WhatIf& a, const WhatIf& b);

/// Settings that are worth a try, the default first.
[[nodiscard]] std::vector<std::string> sensible_settings();

/// One sentence: which of `tried` to take, and why. The first is what the others are compared with.
[[nodiscard]] std::string recommend(std::span<const WhatIf> tried);

}  // namespace memsweep
