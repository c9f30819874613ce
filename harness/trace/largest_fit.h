// The largest request that an allocator could have served in the place of the one that it refused.
#pragma once

#include <cstddef>
#include <functional>

#include "harness/trace/fresh_allocator.h"
#include "harness/trace/trace.h"

namespace memsweep {

/// Bytes, a multiple of 512 below what `operation` of the trace asks for. 0: nothing could. The trace is run
/// up to there for each size that is tried, some fifty times in all. `fresh` gives the allocator that
/// refused.
///
/// What succeeds is not monotone in the size: requests of at most 1 MiB, below 10 MiB and above ask the
/// device for segments of different sizes, and a setting may keep large blocks from small requests. Each of
/// the three ranges is searched for itself, and every free block that is larger than what was found is tried.
[[nodiscard]] std::size_t largest_fit(const Trace& trace, std::size_t operation,
                                      const std::function<FreshAllocator()>& fresh);

}  // namespace memsweep
