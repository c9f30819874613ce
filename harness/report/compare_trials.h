// Two files of training steps against each other.
#pragma once

#include <filesystem>

#include "harness/report/findings.h"

namespace memsweep {

/// Rows, and boundaries where they stand beside both. Throws UsageError as compare() does.
[[nodiscard]] Findings compare_trials(const std::filesystem::path& base, const std::filesystem::path& next,
                                      bool same_machine);

}  // namespace memsweep
