// The levels of memory that people confuse.
#pragma once

#include <cstddef>

#include "harness/memory/segment_source.h"
#include "harness/memory/statistics.h"

namespace memsweep {

/// requested <= allocated (rounded, what is left over included) <= reserved (segments) <= device (context
/// and others included). Bytes.
struct Levels {
  std::size_t requested = 0;
  std::size_t allocated = 0;
  std::size_t reserved = 0;
  std::size_t device = 0;
  friend bool operator==(const Levels&, const Levels&) = default;
};

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

/// How much of what was reserved was in use where reserved bytes had their peak; no statistic keeps that.
class ReservedPeak {
 public:
  void note(const Statistics& s) noexcept {
    const std::int64_t reserved = s.reserved_bytes.all.current, active = s.active_bytes.all.current;
    if (reserved < reserved_ || (reserved == reserved_ && active <= active_)) return;
    reserved_ = reserved;
    active_ = active;
  }

  /// 1 - most active bytes / reserved bytes there; 0 where nothing was reserved.
  [[nodiscard]] double unused() const noexcept {
    return reserved_ == 0 ? 0 : 1 - static_cast<double>(active_) / static_cast<double>(reserved_);
  }

 private:
  std::int64_t reserved_ = 0;
  std::int64_t active_ = 0;
};

}  // namespace memsweep
