// Two files of experiments against each other.
#pragma once

#include <filesystem>

#include "harness/report/findings.h"

namespace memsweep {

/// Stage by stage. Throws UsageError as compare() does.
[[nodiscard]] Findings compare_experiments(const std::filesystem::path& base,
                                           const std::filesystem::path& next, bool same_machine);

}  // namespace memsweep
