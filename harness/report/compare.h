// Two results files against each other: what changed, and is it for the worse?
#pragma once

#include <filesystem>

#include "harness/report/findings.h"

namespace memsweep {

/// Compares the rows that both files have, and the boundaries where they stand beside both. All bytes,
/// phases, verdicts and outcomes have to be equal, on the cpu and on `sim:cpu` too. Times and results are
/// judged on one machine only, times where they are sharp enough to tell. What `base` has measured and `next`
/// has not is worse too. Throws UsageError if a file cannot be read, if one holds training steps and the
/// other experiments, if the settings beside both differ in more than the time limit, or if nothing that one
/// measured was measured by the other.
[[nodiscard]] Comparison compare(const std::filesystem::path& base, const std::filesystem::path& next);

}  // namespace memsweep
