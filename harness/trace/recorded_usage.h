// What was in use after every call that the program of a recording made, and who held it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/trace/recording.h"
#include "harness/trace/reenact.h"

namespace memsweep {

/// Bytes at the three levels that an allocator knows.
struct Usage {
  std::size_t requested = 0;
  std::size_t allocated = 0;
  std::size_t reserved = 0;
  friend bool operator==(const Usage&, const Usage&) = default;
};

struct RecordedUsage {
  /// By calls made so far: blocks handed out and taken back, as memory_stats counts them in
  /// allocation.allocated and .freed. [0] is before the first.
  std::vector<Usage> after;
  std::vector<std::size_t> flushes;      // events at which the program gave its cache back
  std::optional<Difference> difference;  // where the recording contradicts PyTorch's allocator
};

/// Throws UsageError as reenact does.
[[nodiscard]] RecordedUsage usage_of(const Recording& recording, const ReenactOptions& options);

/// The calls that were made before each shortage, in order.
[[nodiscard]] std::vector<std::size_t> shortages_of(const Recording& recording);

struct HeldBlock {
  Address address = 0;
  std::size_t bytes = 0;  // as asked for
  PlaceId place = 0;
  std::size_t born = 0;  // the call that asked for it, counted from 1
  std::size_t died = 0;  // the call that gave it back; 0: none does
};

/// Blocks that were live after `calls` calls, in the order in which they were asked for; those from before
/// the recording are not known.
[[nodiscard]] std::vector<HeldBlock> held_after(const Recording& recording, std::size_t calls);

}  // namespace memsweep
