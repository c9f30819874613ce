// What the processes of a dry run left behind, device by device.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// Reads the folder of the reports into `processes` and `parts`; nothing is replayed yet. Throws UsageError
/// where a report cannot be read.
void read_parts(Dryrun& dryrun, const std::filesystem::path& folder);

/// Replays the histories of the parts, as far as they are whole, on smaller devices; where memory ran out,
/// under other settings, too.
void add_replays(Dryrun& dryrun);

}  // namespace memsweep
