#include "harness/trace/beginning.h"

#include <algorithm>

#include "harness/trace/recorded_trace.h"
#include "harness/trace/rewind.h"

namespace memsweep {

Beginning::Beginning(const Recording& recording, AllocatorSettings settings,
                     std::optional<std::size_t> capacity)
    : settings_(std::move(settings)),
      capacity_(capacity ? capacity : capacity_of(recording)),
      segments_(
          with_ranges(layout_before(recording, settings_), recording.events, settings_, range_bytes())) {}

std::size_t Beginning::device_total() const {
  constexpr std::size_t kUnknown = std::size_t{1} << 42;  // more than any device has
  return capacity_.value_or(kUnknown);
}

bool Beginning::order(Address older, Address younger) {
  const std::size_t first = segment_at(older), second = segment_at(younger);
  if (first == second || first == segments_.size() || second == segments_.size()) return false;
  known_.emplace_back(segments_[first].address, segments_[second].address);
  return sort();
}

/// Of address space that PyTorch reserves for an expandable segment: 9/8 of the device, in whole pages.
std::size_t Beginning::range_bytes() const {
  const std::size_t total = device_total();
  const std::size_t page = settings_.large_segment_size;
  return (total + total / 8 + page - 1) / page * page;
}

std::size_t Beginning::segment_at(Address address) const {
  const auto holds = [address](const SegmentSnapshot& s) {
    return s.address <= address && address < s.address + s.size;
  };
  return static_cast<std::size_t>(std::find_if(segments_.begin(), segments_.end(), holds) -
                                  segments_.begin());
}

/// Topologically; of those that may come next the one that stood first before.
bool Beginning::sort() {
  std::vector<SegmentSnapshot> left = std::move(segments_);
  segments_.clear();
  while (!left.empty()) {
    const auto is_left = [&](Address address) {
      return std::any_of(left.begin(), left.end(), [&](const auto& s) { return s.address == address; });
    };
    const auto next = std::find_if(left.begin(), left.end(), [&](const SegmentSnapshot& s) {
      return std::none_of(known_.begin(), known_.end(),
                          [&](const auto& pair) { return pair.second == s.address && is_left(pair.first); });
    });
    if (next == left.end()) return false;
    segments_.push_back(std::move(*next));
    left.erase(next);
  }
  return true;
}

}  // namespace memsweep
