// How far a dry run's numbers can be trusted.
#pragma once

#include <string>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// Names the files whose own CUDA runtime the stand-in does not see; empty where there are none.
[[nodiscard]] std::string unseen_runtimes(const Dryrun& dryrun);

/// Whether the numbers are exact, and what they may depend on where they are not. Where nothing was used,
/// what may be why; empty where nothing is known of that.
[[nodiscard]] std::string dryrun_honesty(const Dryrun& dryrun);

}  // namespace memsweep
