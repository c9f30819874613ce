// What a replay found, for people.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/trace/reenact.h"
#include "harness/trace/what_if.h"

namespace memsweep {

/// One line for each of `tried`, in that order.
[[nodiscard]] std::string replay_table(std::span<const WhatIf> tried);

/// The same as CSV with exact numbers: bytes, and fractions.
[[nodiscard]] std::string replay_csv(std::span<const WhatIf> tried);

/// Why the request at which `tried` ends could not be served: what would have fitted in its place, and the
/// live blocks that pin free memory. `largest_fit` in bytes.
[[nodiscard]] std::string shortage_in_trace(const Trace& trace, const WhatIf& tried, std::size_t largest_fit);

/// The first difference, both sides and the events around it.
[[nodiscard]] std::string describe_difference(const Difference& difference);

}  // namespace memsweep
