#include "harness/trace/rewind.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "harness/base/errors.h"
#include "harness/memory/size_rules.h"
#include "harness/trace/overlap.h"

namespace memsweep {
namespace {

/// A segment, or mapped pages that lie side by side.
struct Run {
  std::size_t size = 0;
  Stream stream = 0;
  PoolKind pool = PoolKind::small;
  bool expandable = false;
};

struct Tenant {
  std::size_t size = 0;  // of the block; 0: not known
  std::size_t requested = 0;
  BlockState state = BlockState::live;
};

class Rewind {
 public:
  explicit Rewind(const Recording& recording) {
    for (const SegmentSnapshot& s : *recording.segments) {
      runs_[s.address] = {s.size, s.stream, s.pool, s.expandable};
      for (const BlockSnapshot& b : s.blocks) {
        if (b.state != BlockState::free) tenants_[b.address] = {b.size, b.requested, b.state};
      }
    }
    for (number_ = recording.events.size(); number_-- > 0;) undo(recording.events[number_]);
  }

  /// Finds out how large the blocks are of which only the request is known.
  void settle_sizes(const std::vector<Event>& events, const AllocatorSettings& settings) {
    std::map<Address, std::size_t> open;  // blocks with room behind them: rounded size
    for (auto tenant = tenants_.begin(); tenant != tenants_.end(); ++tenant) {
      if (tenant->second.size != 0) continue;
      const auto run = std::prev(runs_.upper_bound(tenant->first));
      const auto next = std::next(tenant);
      const Address end = run->first + run->second.size;
      const std::size_t room = (next == tenants_.end() ? end : std::min(end, next->first)) - tenant->first;
      tenant->second.size = block_size(tenant->second.requested, room, run->second, settings);
      const bool splits_finely = run->second.pool == PoolKind::small || run->second.expandable;
      if (!splits_finely && tenant->second.size < room) open[tenant->first] = tenant->second.size;
    }
    // The next block is put where the free memory behind a block begins: that shows an unsplit remainder.
    for (const Event& event : events) {
      if (open.empty()) return;
      if (event.action == Action::free_requested) open.erase(event.address);
      const auto behind = open.upper_bound(event.address);
      if (event.action != Action::alloc || behind == open.begin()) continue;
      const auto block = std::prev(behind);
      const std::size_t size = event.address - block->first;
      if (size < block->second || size > block->second + kSmallMax) continue;
      tenants_.at(block->first).size = size;
      open.erase(block);
    }
  }

  [[nodiscard]] std::vector<SegmentSnapshot> layout() const {
    std::vector<SegmentSnapshot> segments;
    for (const auto& [address, run] : runs_) segments.push_back(segment(address, run));
    return segments;
  }

 private:
  void undo(const Event& event) {
    const auto require = [&](bool holds, const char* sentence) {
      if (holds) return;
      throw UsageError(fmt::format("event {} ({} {:#x}) {}: the recording contradicts its own layout",
                                   number_, name_of(event.action), event.address, sentence));
    };
    const auto tenant = tenants_.find(event.address);
    const bool is_there = tenant != tenants_.end();
    switch (event.action) {
      case Action::alloc:
        require(is_there, "allocates a block that is not there afterwards");
        require(tenant->second.state == BlockState::live, "allocates a block that nobody frees afterwards");
        tenants_.erase(tenant);
        break;
      case Action::free_requested:
        require(is_there, "frees a block whose free does not end afterwards");
        require(tenant->second.state == BlockState::pending, "frees a block that lives on afterwards");
        tenant->second.state = BlockState::live;
        break;
      case Action::free_completed:
        require(!is_there, "ends a block that is there afterwards");
        require(!meets(tenants_, event), "ends a block where another one is");
        require(holds(event), "ends a block that lies in no segment");
        tenants_[event.address] = {0, event.size, BlockState::pending};
        break;
      case Action::segment_alloc:
        require(is_segment(event), "takes a segment that is not there afterwards");
        require(!meets(tenants_, event), "takes a segment in which a block was before");
        runs_.erase(event.address);
        break;
      case Action::segment_free:
        require(!meets(runs_, event), "gives back a segment that is there afterwards");
        runs_[event.address] = {event.size, event.stream, pool_of(event.size), false};
        break;
      case Action::segment_map:
        require(holds(event) && run_of(event.address)->second.expandable,
                "maps pages that are not there afterwards");
        require(!meets(tenants_, event), "maps pages in which a block was before");
        cut(event.address, event.size);
        break;
      case Action::segment_unmap:
        require(!meets(runs_, event), "gives back pages that are there afterwards");
        add_pages(event);
        break;
      case Action::oom: break;
    }
  }

  static std::size_t extent(const Run& run) { return run.size; }
  static std::size_t extent(const Tenant& tenant) { return std::max(tenant.size, tenant.requested); }

  /// Whether one of `things` lies, wholly or in part, in the memory of the event.
  template <typename Thing>
  [[nodiscard]] static bool meets(const std::map<Address, Thing>& things, const Event& event) {
    return overlapping(things, event.address, event.size, [](const Thing& thing) { return extent(thing); }) !=
           nullptr;
  }

  /// Whether the event's memory lies in one run.
  [[nodiscard]] bool holds(const Event& event) const {
    const auto run = run_of(event.address);
    return run != runs_.end() && event.size <= run->second.size - (event.address - run->first);
  }

  [[nodiscard]] bool is_segment(const Event& event) const {
    const auto run = runs_.find(event.address);
    return run != runs_.end() && !run->second.expandable && run->second.size == event.size;
  }

  static PoolKind pool_of(std::size_t segment) {
    return segment == kSmallSegment ? PoolKind::small : PoolKind::large;
  }

  /// Takes mapped pages out of the run that holds them.
  void cut(Address address, std::size_t size) {
    const auto run = std::prev(runs_.upper_bound(address));
    const std::size_t front = address - run->first;
    const std::size_t back = run->second.size - front - size;
    if (back > 0) {
      runs_[address + size] = run->second;
      runs_[address + size].size = back;
    }
    run->second.size = front;
    if (front == 0) runs_.erase(run);
  }

  void add_pages(const Event& event) {
    auto run =
        runs_.try_emplace(event.address, Run{event.size, event.stream, pool_of_pages(event), true}).first;
    const auto join = [this](auto first) {
      const auto second = std::next(first);
      if (second == runs_.end() || first->first + first->second.size != second->first) return;
      if (first->second.stream != second->second.stream || first->second.pool != second->second.pool) return;
      first->second.size += second->second.size;
      runs_.erase(second);
    };
    join(run);
    if (run != runs_.begin()) join(std::prev(run));
  }

  /// The pool of the nearest expandable run of the stream; pages of the small pool are 2 MiB, so that a whole
  /// number of larger ones without a neighbour is taken for the large pool's.
  [[nodiscard]] PoolKind pool_of_pages(const Event& event) const {
    for (const auto& [address, run] : runs_) {
      const bool touches = address == event.address + event.size || address + run.size == event.address;
      if (run.expandable && run.stream == event.stream && touches) return run.pool;
    }
    return event.size % kLargeSegment == 0 ? PoolKind::large : PoolKind::small;
  }

  [[nodiscard]] std::map<Address, Run>::const_iterator run_of(Address address) const {
    const auto behind = runs_.upper_bound(address);
    if (behind == runs_.begin()) return runs_.end();
    const auto run = std::prev(behind);
    return address < run->first + run->second.size ? run : runs_.end();
  }

  [[nodiscard]] SegmentSnapshot segment(Address address, const Run& run) const {
    SegmentSnapshot segment{.address = address,
                            .size = run.size,
                            .stream = run.stream,
                            .pool = run.pool,
                            .expandable = run.expandable,
                            .blocks = {}};
    const Address end = address + run.size;
    Address at = address;
    const auto add = [&](std::size_t size, std::size_t requested, BlockState state) {
      segment.blocks.push_back({at, size, requested, state});
      if (state == BlockState::live) segment.allocated += size;
      if (state != BlockState::free) {
        segment.active += size;
        segment.requested += requested;
      }
      at += size;
    };
    for (auto tenant = tenants_.lower_bound(address); tenant != tenants_.end() && tenant->first < end;
         ++tenant) {
      if (tenant->first > at) add(tenant->first - at, 0, BlockState::free);
      add(tenant->second.size, tenant->second.requested, tenant->second.state);
    }
    if (at < end) add(end - at, 0, BlockState::free);
    return segment;
  }

  /// Of the room up to the next block. A remainder that PyTorch does not split off is part of the block.
  static std::size_t block_size(std::size_t requested, std::size_t room, const Run& run,
                                const AllocatorSettings& settings) {
    const std::size_t rounded = round_size(requested, settings.roundup_divisions);
    if (rounded >= room) return room;
    const bool splits_finely = run.pool == PoolKind::small || run.expandable;
    const bool oversize = rounded >= settings.max_split_size;
    return !splits_finely && (oversize || room - rounded <= kSmallMax) ? room : rounded;
  }

  std::map<Address, Run> runs_;
  std::map<Address, Tenant> tenants_;
  std::size_t number_ = 0;
};

using RangeOwner = std::pair<Stream, PoolKind>;

/// The lowest page that is mapped for each owner, in the layout or by an event.
std::map<RangeOwner, Address> range_begins(const std::vector<SegmentSnapshot>& layout,
                                           const std::vector<Event>& events,
                                           const AllocatorSettings& settings) {
  std::map<RangeOwner, Address> begins;
  const auto note = [&](RangeOwner owner, Address address) {
    const auto known = begins.try_emplace(owner, address).first;
    known->second = std::min(known->second, address);
  };
  for (const SegmentSnapshot& segment : layout) {
    if (segment.expandable) note({segment.stream, segment.pool}, segment.address);
  }
  std::vector<const Event*> mapped;  // for the request that comes next
  for (const Event& event : events) {
    if (event.action == Action::segment_map) mapped.push_back(&event);
    if (event.action != Action::alloc && event.action != Action::oom) continue;
    const bool small = round_size(event.size, settings.roundup_divisions) <= kSmallMax;
    for (const Event* map : mapped)
      note({map->stream, small ? PoolKind::small : PoolKind::large}, map->address);
    mapped.clear();
  }
  return begins;
}

/// Appends a mapped run, or unmapped pages up to it.
void append(SegmentSnapshot& range, const SegmentSnapshot& run) {
  const Address at = range.address + range.size;
  if (run.address > at) range.blocks.push_back({at, run.address - at, 0, BlockState::unmapped});
  range.blocks.insert(range.blocks.end(), run.blocks.begin(), run.blocks.end());
  range.size = run.address + run.size - range.address;
}

}  // namespace

std::vector<SegmentSnapshot> layout_before(const Recording& recording, const AllocatorSettings& settings) {
  if (!recording.segments) return {};
  Rewind rewind(recording);
  rewind.settle_sizes(recording.events, settings);
  return rewind.layout();
}

std::vector<SegmentSnapshot> with_ranges(std::vector<SegmentSnapshot> layout,
                                         const std::vector<Event>& events, const AllocatorSettings& settings,
                                         std::size_t range_bytes) {
  const auto begins = range_begins(layout, events, settings);
  std::map<RangeOwner, SegmentSnapshot> ranges;
  std::vector<SegmentSnapshot> segments;
  for (SegmentSnapshot& segment : layout) {
    if (!segment.expandable) {
      segments.push_back(std::move(segment));
      continue;
    }
    const RangeOwner owner{segment.stream, segment.pool};
    SegmentSnapshot& range = ranges[owner];
    if (range.address == 0) {
      range = {.address = begins.at(owner),
               .stream = segment.stream,
               .pool = segment.pool,
               .expandable = true,
               .blocks = {}};
    }
    append(range, segment);
  }
  for (auto& [owner, range] : ranges) {
    const Address end = range.address + range.size;
    if (range_bytes > range.size) {
      range.blocks.push_back({end, range_bytes - range.size, 0, BlockState::unmapped});
      range.size = range_bytes;
    }
    segments.push_back(std::move(range));
  }
  return segments;
}

}  // namespace memsweep
