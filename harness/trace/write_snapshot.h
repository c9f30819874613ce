// A recording as a file that PyTorch's memory viewer opens.
#pragma once

#include <filesystem>

#include "harness/trace/recording.h"

namespace memsweep {

/// Writes the structure of torch.cuda.memory._dump_snapshot as the recording's release does, as JSON if the
/// name ends in .json, else as pickle of protocol 2. The same recording gives the same bytes, and reading the
/// file gives the same recording. Throws UsageError if it cannot be written.
void write_snapshot(const Recording& recording, const std::filesystem::path& file);

}  // namespace memsweep
