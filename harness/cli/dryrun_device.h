// The modelled device of a dry run.
#pragma once

#include "harness/cli/dryrun_options.h"
#include "harness/dryrun/environment.h"

namespace memsweep {

/// Throws UsageError.
[[nodiscard]] DryrunDevice dryrun_device(const DryrunOptions& options);

/// Its name in results files.
[[nodiscard]] std::string name_of(const DryrunDevice& device);

}  // namespace memsweep
