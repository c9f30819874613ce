// How the caching allocator gives memory back: by age, for one request, or all that is free.
#include <algorithm>
#include <iterator>
#include <vector>

#include "harness/memory/caching_allocator.h"

namespace memsweep {

void CachingAllocator::empty_cache() { release_all(); }

bool CachingAllocator::collects_garbage() const noexcept {
  return limit_ && settings_.garbage_collection_threshold > 0;
}

// Frees whole segments of the large pool that were not used for longer than the average, pass after
// pass, until reserved memory is below the threshold. A pass does not stop at the target.
void CachingAllocator::collect_garbage() noexcept {
  const auto threshold =
      static_cast<std::size_t>(settings_.garbage_collection_threshold * static_cast<double>(*limit_));
  if (reserved() <= threshold) return;
  const std::size_t target = reserved() - threshold;
  const auto age = [this](const Block& block) { return large_.lookups - block.free_since; };

  std::uint64_t total_age = 0;
  std::size_t count = 0;
  for (const Block* block : large_.free) {
    if (block->is_split()) continue;
    total_age += age(*block);
    ++count;
  }
  std::size_t reclaimed = 0;
  bool freed = true;
  while (reclaimed < target && freed && count > 0) {
    freed = false;
    const double age_limit = static_cast<double>(total_age) / static_cast<double>(count);
    for (auto i = large_.free.begin(); i != large_.free.end();) {
      Block& block = **i++;
      if (block.is_split() || block.expandable() || static_cast<double>(age(block)) < age_limit) continue;
      reclaimed += block.size;
      total_age -= age(block);
      --count;
      freed = true;
      release_segment(block);
    }
  }
}

// With max_split_size_mb, blocks above it are hardly ever reused: one that is large enough is given
// back, else the largest ones until they add up. What was given back stays so even if that fails.
bool CachingAllocator::release_available(const Request& request) {
  const std::size_t max_split = settings_.max_split_size;
  if (max_split == AllocatorSettings::kUnlimited) return false;
  FreeSet& free = request.pool.free;
  const std::size_t wanted = std::max(request.rounded, max_split);
  auto i = free.lower_bound(FitKey{request.stream, wanted});
  if (i != free.end() && (*i)->stream == request.stream && !(*i)->expandable()) {
    release_oversize(**i);
    return true;
  }
  std::size_t freed = 0;
  while (freed < wanted && i != free.begin()) {
    Block& block = **std::prev(i);
    if (block.size < max_split || block.stream != request.stream) break;
    if (block.expandable()) {
      --i;
      continue;
    }
    freed += block.size;
    release_oversize(block);
  }
  return freed >= wanted;
}

// A block can be oversize and part of a segment only if max_split_size_mb was lowered at run time.
// PyTorch then frees an address inside a live segment, which no device survives.
void CachingAllocator::release_oversize(Block& block) {
  if (block.is_split()) {
    throw UsageError("max_split_size_mb was lowered while larger blocks were split; PyTorch breaks here");
  }
  release_segment(block);
}

void CachingAllocator::release_all() {
  ++statistics_.num_sync_all_streams;
  synchronize_events();
  release_pool(large_);
  release_pool(small_);
}

void CachingAllocator::synchronize_events() noexcept {
  for (auto& [stream, queue] : events_) {
    for (; !queue.empty(); queue.pop_front()) {
      const PendingEvent& pending = queue.front();
      streams_.wait(pending.event);
      if (--pending.block->pending_events == 0) finish_free(*pending.block);
    }
  }
}

void CachingAllocator::release_pool(Pool& pool) {
  std::vector<Block*> expandable;
  for (auto i = pool.free.begin(); i != pool.free.end();) {
    Block& block = **i++;
    if (block.expandable()) {
      expandable.push_back(&block);
    } else if (!block.is_split()) {
      release_segment(block);
    }
  }
  for (Block* block : expandable) {
    unmap_free_pages(*block);
    if (!block->is_split()) drop_expandable_segment(*block->segment);
  }
}

void CachingAllocator::release_segment(Block& block) noexcept {
  const PoolKind pool = block.segment->pool->kind;
  remove_from_set(block);
  source_.release(block.address, block.size);
  statistics_.segment.add(pool, std::int64_t{-1});
  statistics_.reserved_bytes.subtract(pool, block.size);
  ++statistics_.num_device_free;
  if (block.size >= settings_.max_split_size) statistics_.oversize_segments.add(-1);
  drop_segment(*block.segment);
}

}  // namespace memsweep
