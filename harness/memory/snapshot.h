// The layout of an allocator's memory at one moment, as torch.cuda.memory._snapshot() shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/statistics.h"
#include "harness/memory/streams.h"

namespace memsweep {

enum class BlockState : std::uint8_t {
  unmapped,  // address space of an expandable segment, no memory; not part of a snapshot
  free,
  live,
  pending,  // freed, waits for streams that use it
};

struct BlockSnapshot {
  Address address = 0;
  std::size_t size = 0;
  std::size_t requested = 0;  // of a free block: what its last user asked for
  BlockState state = BlockState::free;
  friend bool operator==(const BlockSnapshot&, const BlockSnapshot&) = default;
};

/// A segment, or one contiguous run of mapped pages of an expandable one. The blocks tile it.
struct SegmentSnapshot {
  Address address = 0;
  std::size_t size = 0;
  Stream stream = 0;
  PoolKind pool = PoolKind::small;
  bool expandable = false;
  std::size_t allocated = 0;  // in live blocks
  std::size_t active = 0;     // in live and pending blocks
  std::size_t requested = 0;  // by the users of live and pending blocks
  std::vector<BlockSnapshot> blocks;
  friend bool operator==(const SegmentSnapshot&, const SegmentSnapshot&) = default;
};

}  // namespace memsweep
