// What the PyTorch releases that memsweep follows do differently in their CUDA caching allocator.
#pragma once

#include <string_view>

namespace memsweep {

enum class PytorchRelease { v2_11, v2_13, v2_15 };

/// `2.11`, `2.13` or `2.15`; throws UsageError for anything else.
PytorchRelease parse_release(std::string_view text);

std::string_view release_name(PytorchRelease release) noexcept;

struct AllocatorRules {
  bool older_segment_first;         // order of equal free blocks: age of the segment before the address
  bool limit_to_nearest;            // fraction * total is rounded to nearest, not down
  bool rejection;                   // knows throw_on_cudamalloc_oom and counts num_oom_rejections
  bool reserve_setting;             // knows expandable_segments_reserve
  bool refuses_beyond_reservation;  // a request larger than a whole new reservation maps no page
  bool trims_pool_and_retries;      // cudaMallocAsync: before a request fails
};

const AllocatorRules& allocator_rules(PytorchRelease release) noexcept;

}  // namespace memsweep
