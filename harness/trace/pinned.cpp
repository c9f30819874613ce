#include "harness/trace/pinned.h"

#include <algorithm>
#include <unordered_map>

namespace memsweep {
namespace {

/// The requests that live blocks come from, by address.
std::unordered_map<Address, const Operation*> owners(const Trace& trace, const TraceFailure& failure) {
  std::unordered_map<Address, const Operation*> owners;
  for (std::size_t i = 0; i < failure.operation; ++i) {
    const Operation& operation = trace.operations[i];
    // A later request for the same address replaces an owner that is gone.
    if (operation.kind == Operation::Kind::allocate) owners[failure.addresses[operation.block]] = &operation;
  }
  return owners;
}

}  // namespace

std::vector<PinnedSegment> pinned_segments(const Trace& trace, const TraceFailure& failure) {
  const auto owner_of = owners(trace, failure);
  std::vector<PinnedSegment> segments;
  for (const SegmentSnapshot& layout : failure.layout) {
    PinnedSegment segment{.address = layout.address, .bytes = layout.size, .pins = {}};
    for (const BlockSnapshot& block : layout.blocks) {
      if (block.state == BlockState::free) {
        segment.free += block.size;
        segment.largest_free = std::max(segment.largest_free, block.size);
      } else {
        const auto owner = owner_of.find(block.address);
        const bool known = owner != owner_of.end();
        segment.pins.push_back(
            {block.size, known ? owner->second->place : 0, known ? owner->second->event : 0});
      }
    }
    if (segment.free > 0 && !segment.pins.empty()) segments.push_back(std::move(segment));
  }
  std::stable_sort(segments.begin(), segments.end(),
                   [](const auto& a, const auto& b) { return a.free > b.free; });
  return segments;
}

}  // namespace memsweep
