// The segments of a memory snapshot.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "harness/trace/document.h"
#include "harness/trace/input.h"
#include "harness/trace/recording.h"

namespace memsweep {

struct RecordedSegment {
  std::size_t number = 0;  // in the file
  std::uint64_t device = 0;
  bool is_private = false;  // of a private pool
  SegmentSnapshot layout;
  std::vector<std::pair<Address, PlaceId>> block_places;  // of live blocks
};

/// Throws UsageError if a field is missing or the blocks do not tile the segment. Blocks without an address,
/// as PyTorch wrote them up to 2.0, follow one another.
[[nodiscard]] RecordedSegment read_segment(const Input& input, const Document& document, Value dictionary,
                                           std::size_t number);

/// Sorts by device and address. Throws UsageError if two segments of a device overlap.
void sort_by_address(const Input& input, std::vector<RecordedSegment>& segments);

}  // namespace memsweep
