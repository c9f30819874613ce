// Settings of the allocator, in PyTorch's own grammar (PYTORCH_CUDA_ALLOC_CONF).
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/backend.h"
#include "harness/memory/rules.h"
#include "harness/memory/size_rules.h"

namespace memsweep {

/// How much address space a new expandable segment takes.
struct ExpandableReserve {
  double amount = 0;
  bool of_total = true;  // amount is a fraction of the device's memory; else bytes
};

/// Sizes in bytes.
struct AllocatorSettings {
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  std::string text;  // as last given

  Backend backend = Backend::native;

  std::size_t max_split_size = kUnlimited;             // blocks of this size and more are never split
  std::size_t max_non_split_rounding = kLargeSegment;  // how much larger such a block may be than asked
  std::size_t large_segment_size = kLargeSegment;
  double garbage_collection_threshold = 0;  // fraction of the memory limit; 0: off
  RoundupTable roundup_divisions{};
  bool expandable_segments = false;
  std::optional<ExpandableReserve> expandable_reserve;
  double memory_fraction = 1;           // of the device; 1: no limit
  bool reject_beyond_fraction = false;  // throw_on_cudamalloc_oom

  std::vector<std::string> warnings;  // values that are ignored, and keys that the backend ignores
};

/// Reads `key:value,...` as that release does. Keys that concern host memory or graph capture only
/// are checked and have no effect here. Throws UsageError for what PyTorch refuses.
AllocatorSettings parse_settings(std::string_view text, PytorchRelease release);

/// The same at run time: the splitting limits, the rounding table and the garbage collection threshold
/// start from their defaults again; everything else keeps its value where it is not named, and the backend
/// cannot be another one.
AllocatorSettings reparse_settings(const AllocatorSettings& before, std::string_view text,
                                   PytorchRelease release);

}  // namespace memsweep
