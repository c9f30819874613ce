// A command run again and again with another number each time: how large may it be?
#pragma once

#include "harness/cli/dryrun_options.h"

namespace memsweep {

/// The report goes to stdout, a line a probe to stderr. 0, or the exit status of a run that failed by itself.
/// Throws UsageError, and DeviceError where a GPU was asked for and there is none.
int sweep_dryruns(const DryrunOptions& options);

}  // namespace memsweep
