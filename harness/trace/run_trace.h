// A trace on an allocator: does it fit, and what did it take?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/memory/allocator.h"
#include "harness/memory/levels.h"
#include "harness/memory/streams.h"
#include "harness/trace/trace.h"

namespace memsweep {

/// Streams that pass when a trace says so. To be given to the allocator that runs one.
class TraceStreams final : public Streams {
 public:
  Event record(Stream stream) noexcept override;
  bool passed(Event event) noexcept override;
  void wait(Event event) noexcept override;
  void synchronize(Stream) noexcept override {}

  /// Every block that is lent waits for a stream of its own.
  [[nodiscard]] static Stream borrower(TraceBlock block) noexcept;
  void lend(TraceBlock block);
  void give_back(TraceBlock block) noexcept;

 private:
  std::vector<bool> lent_;  // by block
};

/// Fragmentation by the three definitions in use.
struct Fragmentation {
  double unused_at_peak = 0;        // 1 - most active bytes / reserved, where those had their peak
  std::optional<double> scattered;  // 1 - largest free block / all free bytes, at the request that failed
  std::size_t reserved_beyond_live = 0;  // peak of reserved - peak of allocated, bytes
};

/// 1 - largest free block / all free bytes; none where nothing is free.
[[nodiscard]] std::optional<double> scattered(const std::vector<SegmentSnapshot>& layout);

struct TraceFailure {
  std::size_t operation = 0;  // index into the trace
  std::uint32_t event = 0;    // of the recording, if it came from one
  OutOfMemory refused;
  std::vector<SegmentSnapshot> layout;  // when it was refused
  std::vector<Address> addresses;       // of the blocks so far, by number; also of those that are free by now
};

struct TraceResult {
  Levels peak;
  std::int64_t alloc_retries = 0;
  std::size_t operations = 0;           // that were run
  std::optional<TraceFailure> failure;  // the run ends at the first
  Fragmentation fragmentation;
  std::size_t allocated_at_end = 0;
  std::size_t reserved_at_end = 0;
};

/// Runs a trace up to its end or its first request that is refused; what is live then stays live. `allocator`
/// takes its segments from `memory` and, if the trace lends blocks, its events from `streams`.
[[nodiscard]] TraceResult run_trace(const Trace& trace, Allocator& allocator, SegmentSource& memory,
                                    TraceStreams& streams);

}  // namespace memsweep
