// What the replay of a recording begins with: settings, capacity, and the segments that were there before.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "harness/memory/settings.h"
#include "harness/trace/recording.h"

namespace memsweep {

class Beginning {
 public:
  /// Throws UsageError for a recording that contradicts its own layout.
  Beginning(const Recording& recording, AllocatorSettings settings, std::optional<std::size_t> capacity);

  [[nodiscard]] const AllocatorSettings& settings() const { return settings_; }

  /// What the process could reserve; else what the recording shows. None where neither tells.
  [[nodiscard]] std::optional<std::size_t> capacity() const { return capacity_; }

  /// Reservations of expandable segments follow from it; where nothing tells the capacity, none is too small.
  [[nodiscard]] std::size_t device_total() const;

  /// The oldest first, as far as that is known; by address in the beginning.
  [[nodiscard]] const std::vector<SegmentSnapshot>& segments() const { return segments_; }

  /// Notes that the segment that holds `older` is older than the one that holds `younger`, and orders all
  /// accordingly. False if one of them lies in none, or if that contradicts what was noted before.
  bool order(Address older, Address younger);

 private:
  [[nodiscard]] std::size_t range_bytes() const;
  [[nodiscard]] std::size_t segment_at(Address address) const;
  bool sort();

  AllocatorSettings settings_;
  std::optional<std::size_t> capacity_;
  std::vector<SegmentSnapshot> segments_;
  std::vector<std::pair<Address, Address>> known_;  // older, younger
};

}  // namespace memsweep
