// The records behind the caching allocator: blocks, the segments they tile, and the ordered sets of
// blocks that wait for a user. A record lies in host memory, never in the memory it stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/streams.h"

namespace memsweep {

struct Block;

/// What a request looks for in the free set.
struct FitKey {
  Stream stream;
  std::size_t size;
};

/// Best fit within a stream: the smallest block first, of equal ones the oldest segment, then the
/// lowest address.
struct BestFitOrder {
  using is_transparent = void;
  bool operator()(const Block* a, const Block* b) const noexcept;
  bool operator()(const Block* block, FitKey key) const noexcept;
  bool operator()(FitKey key, const Block* block) const noexcept;
};

/// Within a stream by address.
struct AddressOrder {
  using is_transparent = void;
  bool operator()(const Block* a, const Block* b) const noexcept;
  bool operator()(const Block* block, Stream stream) const noexcept;
  bool operator()(Stream stream, const Block* block) const noexcept;
};

using FreeSet = std::set<Block*, BestFitOrder>;
using UnmappedSet = std::set<Block*, AddressOrder>;

struct Pool {
  PoolKind kind;
  FreeSet free;
  UnmappedSet unmapped;       // address space that can still get memory
  std::uint64_t lookups = 0;  // clock of the garbage collection: searches of this pool
};

/// One cudaMalloc, or one virtual range of which pages are mapped and unmapped.
struct Segment {
  Address address = 0;
  std::size_t size = 0;
  std::size_t page_bytes = 0;  // 0: not expandable
  Pool* pool = nullptr;
  Block* first = nullptr;
};

/// A piece of a segment. Neighbours are never both free, nor both unmapped.
struct Block {
  Stream stream = 0;
  std::size_t size = 0;
  std::uint64_t segment_age_rank = 0;  // the older the segment, the smaller
  Address address = 0;

  std::size_t requested = 0;  // by the last user
  Segment* segment = nullptr;
  Block* prev = nullptr;         // neighbours in the segment
  Block* next = nullptr;         // of a spare record: the next spare one
  std::uint64_t free_since = 0;  // lookups of the pool when it became free
  BlockState state = BlockState::unmapped;
  std::uint32_t pending_events = 0;
  std::vector<Stream> foreign_streams;  // that use it besides its own

  FreeSet::node_type node;  // while in no set: the block's own node, so that no insertion allocates
  FreeSet::iterator place;  // while free: in its pool's free set

  [[nodiscard]] bool expandable() const noexcept { return segment->page_bytes != 0; }
  [[nodiscard]] bool is_split() const noexcept { return prev != nullptr || next != nullptr; }
};

inline bool BestFitOrder::operator()(const Block* a, const Block* b) const noexcept {
  if (a->stream != b->stream) return a->stream < b->stream;
  if (a->size != b->size) return a->size < b->size;
  if (a->segment_age_rank != b->segment_age_rank) return a->segment_age_rank < b->segment_age_rank;
  return a->address < b->address;
}
inline bool BestFitOrder::operator()(const Block* block, FitKey key) const noexcept {
  return block->stream != key.stream ? block->stream < key.stream : block->size < key.size;
}
inline bool BestFitOrder::operator()(FitKey key, const Block* block) const noexcept {
  return block->stream != key.stream ? key.stream < block->stream : key.size < block->size;
}
inline bool AddressOrder::operator()(const Block* a, const Block* b) const noexcept {
  return a->stream != b->stream ? a->stream < b->stream : a->address < b->address;
}
inline bool AddressOrder::operator()(const Block* block, Stream stream) const noexcept {
  return block->stream < stream;
}
inline bool AddressOrder::operator()(Stream stream, const Block* block) const noexcept {
  return stream < block->stream;
}

/// Puts a block in its pool's free set.
inline void insert_free(Block& block) noexcept {
  Pool& pool = *block.segment->pool;
  block.state = BlockState::free;
  block.free_since = pool.lookups;
  block.place = pool.free.insert(std::move(block.node)).position;
}

/// Takes a free or unmapped block out of its set.
inline void remove_from_set(Block& block) noexcept {
  Pool& pool = *block.segment->pool;
  block.node =
      block.state == BlockState::free ? pool.free.extract(block.place) : pool.unmapped.extract(&block);
}

/// A free block has lost bytes from its front: it moves in its set only if another now comes first.
inline void reorder_shrunk(Block& block) noexcept {
  Pool& pool = *block.segment->pool;
  block.free_since = pool.lookups;
  if (block.place == pool.free.begin() || BestFitOrder{}(*std::prev(block.place), &block)) return;
  remove_from_set(block);
  insert_free(block);
}

inline void insert_unmapped(Block& block) noexcept {
  block.state = BlockState::unmapped;
  block.segment->pool->unmapped.insert(std::move(block.node));
}

/// Cuts the first `size` bytes of a block off and makes them `front`, a fresh record in no set.
inline void split_front(Block& block, Block& front, std::size_t size) noexcept {
  front.stream = block.stream;
  front.segment = block.segment;
  front.segment_age_rank = block.segment_age_rank;
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
  back.stream = block.stream;
  back.segment = block.segment;
  back.segment_age_rank = block.segment_age_rank;
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

/// Keeps used-up records for the next block: in the steady state no request allocates host memory.
class BlockRecords {
 public:
  /// A fresh record; may throw std::bad_alloc.
  Block& take() {
    if (spare_ == nullptr) grow();
    Block& block = *spare_;
    spare_ = block.next;
    block.next = nullptr;
    return block;
  }

  /// Takes back a record that stands in no set.
  void give_back(Block& block) noexcept {
    block.segment = nullptr;
    block.prev = nullptr;
    block.requested = 0;
    block.next = spare_;
    spare_ = &block;
  }

 private:
  void grow() {
    FreeSet cradle;
    const auto place = cradle.insert(nullptr).first;
    Block& block = records_.emplace_back();
    block.node = cradle.extract(place);
    block.node.value() = &block;
    give_back(block);
  }

  std::deque<Block> records_;
  Block* spare_ = nullptr;
};

}  // namespace memsweep
