// The two pools of the caching allocator, and what they keep for each stream.
#pragma once

#include <cstdint>
#include <map>

#include "harness/memory/block.h"
#include "harness/memory/free_set.h"
#include "harness/memory/ordered_set.h"
#include "harness/memory/streams.h"

namespace memsweep {

struct AddressOrder {
  bool operator()(const Block& a, const Block& b) const noexcept { return a.address < b.address; }
  bool operator()(const Segment& a, const Segment& b) const noexcept { return a.address < b.address; }
};
using UnmappedSet = OrderedSet<Block, AddressOrder>;
using SegmentSet = OrderedSet<Segment, AddressOrder>;

struct Pool;

/// A block serves only the stream that its segment was made for.
struct StreamCache {
  StreamCache(Pool& of, Stream user) : pool(of), stream(user) {}

  Pool& pool;
  const Stream stream;
  FreeSet free{};
  UnmappedSet unmapped{};  // address space that can still get memory
};

struct Pool {
  PoolKind kind;
  std::map<Stream, StreamCache> caches{};
  std::uint64_t lookups = 0;  // clock of the garbage collection: searches of this pool

  /// May throw std::bad_alloc where the stream is new.
  StreamCache& cache(Stream stream) { return caches.try_emplace(stream, *this, stream).first->second; }
};

inline void insert_free(Block& block) noexcept {
  block.state = BlockState::free;
  block.segment->free_since = block.cache().pool.lookups;
  block.cache().free.insert(block);
}

inline void insert_unmapped(Block& block) noexcept {
  block.state = BlockState::unmapped;
  block.cache().unmapped.insert(block);
}

/// Takes a free or unmapped block out of its set.
inline void remove_from_set(Block& block) noexcept {
  if (block.state == BlockState::free) {
    block.cache().free.erase(block);
  } else {
    block.cache().unmapped.erase(block);
  }
}

}  // namespace memsweep
