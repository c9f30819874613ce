// Files in which other programs wrote down what their allocator did.
#pragma once

#include <filesystem>
#include <optional>

#include "harness/trace/recording.h"

namespace memsweep {

class Input;

struct ReadOptions {
  std::optional<std::size_t> device;  // index; the one with the most events where it is not given
};

/// Reads, by what the file holds, a pickle of torch.cuda.memory._dump_snapshot (protocols 2 to 5), the same
/// as JSON, or RMM's allocation log (CSV); gzip on top is taken off. Nothing in the file is executed. The
/// file is streamed: beyond the recording itself, memory grows with the number of different texts and places
/// in it only. Throws UsageError with one sentence and the byte offset (a CSV: the line) where the file is
/// malformed.
[[nodiscard]] Recording read_recording(const std::filesystem::path& file, const ReadOptions& options = {});
[[nodiscard]] Recording read_recording(Input& input, const ReadOptions& options = {});

}  // namespace memsweep
