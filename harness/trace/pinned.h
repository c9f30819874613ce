// Which live blocks keep free memory from being given back, when a request was refused.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/trace/run_trace.h"
#include "harness/trace/trace.h"

namespace memsweep {

struct PinnedSegment {
  struct Pin {
    std::size_t bytes = 0;    // of the block
    PlaceId place = 0;        // who asked for it
    std::uint32_t event = 0;  // where in the recording
  };

  Address address = 0;
  std::size_t bytes = 0;
  std::size_t free = 0;          // in it
  std::size_t largest_free = 0;  // in one piece
  std::vector<Pin> pins;         // by address
};

/// Segments that hold free and live blocks both, those with most free bytes first.
[[nodiscard]] std::vector<PinnedSegment> pinned_segments(const Trace& trace, const TraceFailure& failure);

}  // namespace memsweep
