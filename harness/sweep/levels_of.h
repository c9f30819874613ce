// The four levels of an allocator and of the device below it.
#pragma once

#include "harness/memory/levels.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/statistics.h"

namespace memsweep {

[[nodiscard]] inline Levels levels_now(const Statistics& s, const SegmentSource& memory) {
  const auto now = [](const PoolStat& stat) { return static_cast<std::size_t>(stat.all.current); };
  return {now(s.requested_bytes), now(s.allocated_bytes), now(s.reserved_bytes), memory.info().used};
}

/// `used_before`, by others: they are taken not to have moved.
[[nodiscard]] inline Levels peak_levels(const Statistics& s, std::size_t used_before) {
  const auto peak = [](const PoolStat& stat) { return static_cast<std::size_t>(stat.all.peak); };
  return {peak(s.requested_bytes), peak(s.allocated_bytes), peak(s.reserved_bytes),
          used_before + peak(s.reserved_bytes)};
}

}  // namespace memsweep
