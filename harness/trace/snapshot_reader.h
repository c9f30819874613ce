// A memory snapshot (torch.cuda.memory._dump_snapshot) as a recording.
#pragma once

#include "harness/trace/input.h"
#include "harness/trace/read_recording.h"

namespace memsweep {

// Both throw UsageError as read_recording does.
[[nodiscard]] Recording read_pickled_snapshot(Input& input, const ReadOptions& options);
[[nodiscard]] Recording read_json_snapshot(Input& input, const ReadOptions& options);

}  // namespace memsweep
