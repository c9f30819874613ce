// The caching allocator looked at from outside: its layout, its free memory, and whether its records
// agree with one another.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "harness/memory/caching_allocator.h"

namespace memsweep {
namespace {

void require(bool holds, std::string_view invariant) {
  if (!holds) throw std::logic_error(fmt::format("caching allocator: {} does not hold", invariant));
}

SegmentSnapshot start_of(const Segment& segment, const Block& first) {
  return {.address = first.address,
          .stream = first.cache().stream,
          .pool = first.cache().pool.kind,
          .expandable = segment.page_bytes != 0,
          .blocks = {}};
}

void append(SegmentSnapshot& run, const Block& block) {
  run.size += block.size;
  if (block.state == BlockState::live) run.allocated += block.size;
  if (block.state != BlockState::free) {
    run.active += block.size;
    run.requested += block.requested;
  }
  run.blocks.push_back({block.address, block.size, block.requested, block.state});
}

/// What the statistics say, recounted from the blocks.
struct Recount {
  std::int64_t live = 0, live_bytes = 0;
  std::int64_t active = 0, active_bytes = 0, requested_bytes = 0;
  std::int64_t inactive_split = 0, inactive_split_bytes = 0;
  std::int64_t segments = 0, reserved_bytes = 0;

  void add(const Block& block) {
    const auto size = static_cast<std::int64_t>(block.size);
    if (block.state == BlockState::unmapped) return;
    reserved_bytes += size;
    if (block.state == BlockState::free) {
      if (block.expandable() || !block.is_split()) return;
      ++inactive_split;
      inactive_split_bytes += size;
      return;
    }
    ++active;
    active_bytes += size;
    requested_bytes += static_cast<std::int64_t>(block.requested);
    if (block.state != BlockState::live) return;
    ++live;
    live_bytes += size;
  }
};

void compare(const Recount& count, const Statistics& statistics, Stat PoolStat::*pool) {
  const auto equal = [&](const PoolStat& stat, std::int64_t recounted, std::string_view name) {
    require((stat.*pool).current == recounted, name);
    require((stat.*pool).peak >= recounted, "a peak at or above its current value");
  };
  equal(statistics.allocation, count.live, "allocation = live blocks");
  equal(statistics.allocated_bytes, count.live_bytes, "allocated_bytes = live blocks");
  equal(statistics.active, count.active, "active = live and pending blocks");
  equal(statistics.active_bytes, count.active_bytes, "active_bytes = live and pending blocks");
  equal(statistics.requested_bytes, count.requested_bytes, "requested_bytes = live and pending requests");
  equal(statistics.inactive_split, count.inactive_split, "inactive_split = free parts of segments");
  equal(statistics.inactive_split_bytes, count.inactive_split_bytes,
        "inactive_split_bytes = free parts of segments");
  equal(statistics.segment, count.segments, "segment = segments that are not expandable");
  equal(statistics.reserved_bytes, count.reserved_bytes, "reserved_bytes = segments and mapped pages");
}

/// Blocks in strict order that are all of one state and as many as there are of it: exactly these.
template <class Order, class Set>
void check_set(const StreamCache& cache, const Set& set, BlockState state, std::size_t expected) {
  std::size_t count = 0;
  const Block* prev = nullptr;
  for (const Block* block = set.first(); block != nullptr; prev = block, block = set.next(*block)) {
    require(&block->cache() == &cache && block->state == state, "a set holds blocks of one stream and state");
    require(prev == nullptr || Order{}(*prev, *block), "a set is in order");
    ++count;
  }
  require(count == expected, "free and unmapped blocks are in the sets of their stream");
}

}  // namespace

std::size_t CachingAllocator::largest_free() const noexcept {
  std::size_t largest = 0;
  for (const Pool* pool : {&small_, &large_}) {
    for (const auto& [stream, cache] : pool->caches) {
      if (const Block* block = cache.free.last()) largest = std::max(largest, block->size);
    }
  }
  return largest;
}

std::size_t CachingAllocator::free_bytes() const noexcept {
  return reserved() - static_cast<std::size_t>(statistics_.active_bytes.all.current);
}

std::vector<SegmentSnapshot> CachingAllocator::snapshot() const {
  std::vector<SegmentSnapshot> runs;
  for (const Segment& segment : segments_) {
    bool in_run = false;
    for (const Block* block = segment.first; block != nullptr; block = block->next) {
      const bool mapped = block->state != BlockState::unmapped;
      if (mapped && !in_run) runs.push_back(start_of(segment, *block));
      if (mapped) append(runs.back(), *block);
      in_run = mapped;
    }
  }
  return runs;
}

void CachingAllocator::check() const {
  for (const Segment& segment : segments_) check_segment(segment);
  for (const Pool* pool : {&small_, &large_}) {
    for (const auto& [stream, cache] : pool->caches) check_cache(cache);
  }
  check_statistics();
  check_uses();
}

void CachingAllocator::check_segment(const Segment& segment) const {
  Address at = segment.address;
  const Block* prev = nullptr;
  require(segment.first != nullptr, "a segment has blocks");
  for (const Block* block = segment.first; block != nullptr; prev = block, block = block->next) {
    require(block->segment == &segment, "a block knows its segment");
    require(block->address == at && block->size > 0, "blocks tile their segment");
    require(block->prev == prev, "neighbours know each other");
    require(block->size % kMinBlock == 0, "block sizes are multiples of 512");
    require((block->state == BlockState::live) == (live_.find(block->address) == block),
            "the live blocks are those in the table");
    require(block->state != BlockState::pending || block->live.pending_events > 0,
            "a pending block waits for events");
    const bool alike = prev != nullptr && prev->state == block->state;
    require(!alike || block->state == BlockState::live || block->state == BlockState::pending,
            "free neighbours are merged");
    if (block->state == BlockState::unmapped) {
      require(segment.page_bytes != 0 && (block->address - segment.address) % segment.page_bytes == 0 &&
                  block->size % segment.page_bytes == 0,
              "unmapped blocks are whole pages");
    }
    at += block->size;
  }
  require(at == segment.address + segment.size, "blocks tile their segment");
}

void CachingAllocator::check_cache(const StreamCache& cache) const {
  std::size_t free = 0;
  std::size_t unmapped = 0;
  for (const Segment& segment : segments_) {
    if (segment.cache != &cache) continue;
    for (const Block* block = segment.first; block != nullptr; block = block->next) {
      if (block->state == BlockState::free) ++free;
      if (block->state == BlockState::unmapped) ++unmapped;
    }
  }
  check_set<BestFitOrder>(cache, cache.free, BlockState::free, free);
  check_set<AddressOrder>(cache, cache.unmapped, BlockState::unmapped, unmapped);
}

void CachingAllocator::check_statistics() const {
  std::array<Recount, 2> counts;
  for (const Segment& segment : segments_) {
    Recount& count = counts[&segment.cache->pool == &small_ ? 0 : 1];
    if (segment.page_bytes == 0) ++count.segments;
    for (const Block* block = segment.first; block != nullptr; block = block->next) count.add(*block);
  }
  compare(counts[0], statistics_, &PoolStat::small_pool);
  compare(counts[1], statistics_, &PoolStat::large_pool);
  require(live_.size() == static_cast<std::size_t>(counts[0].live + counts[1].live),
          "the table holds live blocks only");
}

void CachingAllocator::check_uses() const {
  std::size_t waiting = 0;
  uses_.for_each_waiting([&](const StreamUse& use, Stream stream) {
    require(use.stream == stream, "an event waits in the queue of its stream");
    require(use.block->state == BlockState::pending, "only pending blocks wait for events");
    ++waiting;
  });
  std::size_t expected = 0;
  for (const Segment& segment : segments_) {
    for (const Block* block = segment.first; block != nullptr; block = block->next) {
      if (block->state == BlockState::pending) expected += block->live.pending_events;
    }
  }
  require(waiting == expected, "the events of pending blocks are those in the queues");
}

}  // namespace memsweep
