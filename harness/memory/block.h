// The records behind the caching allocator: blocks and the segments they tile. A record lies in host
// memory, never in the memory it stands for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/memory/ordered_set.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"

namespace memsweep {

struct Block;
struct StreamCache;
struct StreamUse;

/// One cudaMalloc, or one virtual range of which pages are mapped and unmapped.
struct Segment {
  Address address = 0;
  std::size_t size = 0;
  std::size_t page_bytes = 0;    // 0: not expandable
  std::uint64_t age_rank = 0;    // the older the segment, the smaller; 0 where age does not count
  std::uint64_t free_since = 0;  // lookups of the pool when a block of it last became free
  StreamCache* cache = nullptr;  // where its free blocks stand
  Block* first = nullptr;
  SetLinks<Segment> links;
  std::uint32_t priority = 0;  // in sets

  Segment*& next_spare() noexcept { return links.parent; }
};

/// What only a live or pending block has.
struct LiveLinks {
  Block* next;                 // in its bucket of the table of live blocks
  StreamUse* first_use;        // by other streams than its own, while it is live
  std::size_t pending_events;  // that it waits for, once it was freed
};

/// A piece of a segment. Neighbours are never both free, nor both unmapped. There is one for each tensor
/// that lives, so its size counts.
struct Block {
  Address address = 0;
  std::size_t size = 0;
  union {
    SetLinks<Block> links{};  // of a free or unmapped block, in a set of its cache
    LiveLinks live;
  };
  Segment* segment = nullptr;
  Block* prev = nullptr;  // neighbours in the segment
  Block* next = nullptr;
  std::size_t requested = 0;   // by the last user
  std::uint32_t priority = 0;  // in sets
  BlockState state = BlockState::unmapped;

  [[nodiscard]] StreamCache& cache() const noexcept { return *segment->cache; }
  [[nodiscard]] bool expandable() const noexcept { return segment->page_bytes != 0; }
  [[nodiscard]] bool is_split() const noexcept { return prev != nullptr || next != nullptr; }

  Block*& next_spare() noexcept { return links.parent; }
};

/// Cuts the first `size` bytes of a block off and makes them `front`, a fresh record in no set.
inline void split_front(Block& block, Block& front, std::size_t size) noexcept {
  front.segment = block.segment;
  front.address = block.address;
  front.size = size;
  front.prev = block.prev;
  front.next = &block;
  (front.prev != nullptr ? front.prev->next : block.segment->first) = &front;
  block.prev = &front;
  block.address += size;
  block.size -= size;
}

/// The same with the last `size` bytes.
inline void split_back(Block& block, Block& back, std::size_t size) noexcept {
  back.segment = block.segment;
  back.address = block.address + block.size - size;
  back.size = size;
  back.prev = &block;
  back.next = block.next;
  if (back.next != nullptr) back.next->prev = &back;
  block.next = &back;
  block.size -= size;
}

/// A block swallows a neighbour that stands in no set.
inline void merge(Block& block, const Block& neighbour) noexcept {
  block.size += neighbour.size;
  if (&neighbour == block.prev) {
    block.address = neighbour.address;
    block.prev = neighbour.prev;
    (block.prev != nullptr ? block.prev->next : block.segment->first) = &block;
  } else {
    block.next = neighbour.next;
    if (block.next != nullptr) block.next->prev = &block;
  }
}

/// What free blocks add to the statistics of that name: those that are part of a segment, unless it is
/// expandable.
struct InactiveSplit {
  std::int64_t blocks = 0;
  std::int64_t bytes = 0;

  friend InactiveSplit operator+(InactiveSplit a, InactiveSplit b) noexcept {
    return {a.blocks + b.blocks, a.bytes + b.bytes};
  }
  friend InactiveSplit operator-(InactiveSplit a, InactiveSplit b) noexcept {
    return {a.blocks - b.blocks, a.bytes - b.bytes};
  }
};

inline InactiveSplit inactive_split(const Block& free) noexcept {
  const bool counts = free.is_split() && !free.expandable();
  return {counts ? 1 : 0, counts ? static_cast<std::int64_t>(free.size) : 0};
}

}  // namespace memsweep
