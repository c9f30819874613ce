#include "harness/trace/snapshot_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/trace/snapshot_record.h"

namespace memsweep {
namespace {

using Field = SnapshotField;

BlockState state_of(const SnapshotRecord& block, const Document& document) {
  const std::string_view state = document.text(block.text(Field::state));
  if (state == "active_allocated") return BlockState::live;
  if (state == "active_pending_free" || state == "active_awaiting_free") return BlockState::pending;
  if (state == "inactive") return BlockState::free;
  block.fail(fmt::format(
      "has the state '{:.40}', where active_allocated, active_pending_free or inactive is expected", state));
}

PoolKind pool_of(const SnapshotRecord& segment) {
  const std::string_view type = segment.text(Field::segment_type, "large");
  if (type == "large") return PoolKind::large;
  if (type == "small") return PoolKind::small;
  segment.fail(fmt::format("has the segment_type '{:.40}', neither small nor large", type));
}

struct Request {
  std::size_t bytes = 0;
  PlaceId place = 0;
};

class SegmentReader {
 public:
  SegmentReader(const Input& input, const Document& document, std::size_t number)
      : input_(input), document_(document), number_(number) {}

  [[nodiscard]] RecordedSegment read(Value dictionary) const;

 private:
  [[nodiscard]] Request request_of(const SnapshotRecord& block, const Subject& subject,
                                   BlockState state) const;
  /// The block that follows those that are there.
  void read_block(Value dictionary, RecordedSegment& segment, std::size_t covered) const;

  const Input& input_;
  const Document& document_;
  std::size_t number_;
  Subject subject_{"segment", number_};
};

/// Newer releases write into the block itself what older ones wrote into its `history`, newest entry first.
Request SegmentReader::request_of(const SnapshotRecord& block, const Subject& subject,
                                  BlockState state) const {
  Request request{state == BlockState::free ? 0 : block.natural(Field::size), block.place(Field::frames)};
  if (block.has(Field::history)) {
    const std::span<const Value> history = block.list(Field::history);
    if (!history.empty()) {
      const Subject its_history{"the history", {}, &subject};
      const SnapshotRecord newest(input_, document_, history.front(), {"entry", 0, &its_history});
      request = {newest.natural(Field::real_size, request.bytes), newest.place(Field::frames)};
    }
  }
  request.bytes = block.natural(Field::requested_size, request.bytes);
  return request;
}

void SegmentReader::read_block(Value dictionary, RecordedSegment& segment, std::size_t covered) const {
  SegmentSnapshot& layout = segment.layout;
  const Subject subject{"block", layout.blocks.size(), &subject_};
  const SnapshotRecord block(input_, document_, dictionary, subject);
  const BlockState state = state_of(block, document_);
  const std::size_t size = block.natural(Field::size);
  const Address address = layout.address + covered;
  if (block.natural(Field::address, address) != address) {
    block.fail(fmt::format("does not begin at {:#x}, where the one before it ends", address));
  }
  if (size == 0) block.fail("has no bytes");
  if (size > layout.size - covered) block.fail("ends beyond its segment");
  const Request request = request_of(block, subject, state);
  if (state != BlockState::free && request.bytes > size) {
    block.fail(fmt::format("has {} bytes, fewer than the {} that were asked for", size, request.bytes));
  }

  layout.blocks.push_back({address, size, request.bytes, state});
  if (state == BlockState::free) return;
  layout.active += size;
  layout.requested += request.bytes;
  if (state != BlockState::live) return;
  layout.allocated += size;
  if (request.place != 0) segment.block_places.emplace_back(address, request.place);
}

RecordedSegment SegmentReader::read(Value dictionary) const {
  const SnapshotRecord record(input_, document_, dictionary, subject_);
  RecordedSegment segment;
  segment.number = number_;
  segment.device = record.natural(Field::device, 0);
  segment.is_private = record.is_private_pool(Field::segment_pool_id);
  SegmentSnapshot& layout = segment.layout;
  layout.address = record.natural(Field::address);
  layout.size = record.natural(Field::total_size);
  layout.stream = record.natural(Field::stream, 0);
  layout.pool = pool_of(record);
  layout.expandable = record.boolean(Field::is_expandable, false);
  record.require_memory(layout.address, layout.size);

  std::size_t covered = 0;
  for (const Value block : record.list(Field::blocks)) {
    read_block(block, segment, covered);
    covered += layout.blocks.back().size;
  }
  if (covered != layout.size) {
    record.fail(fmt::format("has blocks for {} of its {} bytes only", covered, layout.size));
  }
  return segment;
}

}  // namespace

RecordedSegment read_segment(const Input& input, const Document& document, Value dictionary,
                             std::size_t number) {
  return SegmentReader(input, document, number).read(dictionary);
}

void sort_by_address(const Input& input, std::vector<RecordedSegment>& segments) {
  std::ranges::sort(segments, {}, [](const RecordedSegment& segment) {
    return std::tuple(segment.device, segment.layout.address, segment.number);
  });
  const auto overlap = std::ranges::adjacent_find(segments, [](const auto& low, const auto& high) {
    return low.device == high.device && high.layout.address - low.layout.address < low.layout.size;
  });
  if (overlap != segments.end()) {
    input.fail(fmt::format("segment {} overlaps segment {}", std::next(overlap)->number, overlap->number));
  }
}

}  // namespace memsweep
