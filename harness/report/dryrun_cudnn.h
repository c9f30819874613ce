// What a dry run's numbers hang on where convolutions and attention run by plans of cuDNN.
#pragma once

#include <string>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// Why their workspaces may be others on a GPU; empty where nothing is known to be against them.
[[nodiscard]] std::string cudnn_doubts(const Dryrun& dryrun);

/// Whose workspaces they are; empty where nobody told any.
[[nodiscard]] std::string cudnn_source(const Dryrun& dryrun);

}  // namespace memsweep
