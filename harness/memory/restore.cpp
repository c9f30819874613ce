// The caching allocator put into a state that another one was in.
#include <algorithm>
#include <stdexcept>

#include "harness/memory/caching_allocator.h"

namespace memsweep {

void CachingAllocator::restore(std::span<const SegmentSnapshot> layout) {
  if (!segments_.empty()) throw std::logic_error("only an allocator without segments can be restored");
  for (const SegmentSnapshot& segment : layout) restore(segment);
}

// All host memory of a block is taken before it is cut off.
void CachingAllocator::restore(const SegmentSnapshot& layout) {
  StreamCache& cache = (layout.pool == PoolKind::small ? small_ : large_).cache(layout.stream);
  reserve_segment();
  Block& rest =
      add_segment(layout.address, layout.size, layout.expandable ? page_bytes(layout.pool) : 0, cache);
  if (!layout.expandable) {
    statistics_.segment.rise(layout.pool, 1);
    if (layout.size >= settings_.max_split_size) statistics_.oversize_segments.rise(1);
  }
  const bool split = layout.blocks.size() > 1;
  for (const BlockSnapshot& there : layout.blocks) {
    const bool last = &there == &layout.blocks.back();
    live_.reserve_one();
    block_records_.reserve(1);
    Block& block = last ? rest : block_records_.take();
    if (!last) split_front(rest, block, there.size);
    if (there.state != BlockState::unmapped) statistics_.reserved_bytes.rise(layout.pool, there.size);
    switch (there.state) {
      case BlockState::unmapped: insert_unmapped(block); break;
      case BlockState::free:
        insert_free(block);
        if (layout.expandable || !split) break;
        statistics_.inactive_split.rise(layout.pool, 1);
        statistics_.inactive_split_bytes.rise(layout.pool, there.size);
        break;
      case BlockState::live:
      case BlockState::pending: occupy(block, there.requested); break;
    }
  }
}

}  // namespace memsweep
