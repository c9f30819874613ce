// How the caching allocator gives memory back: by age, for one request, or all that is free.
#include <algorithm>
#include <utility>

#include "harness/memory/caching_allocator.h"

namespace memsweep {
namespace {

/// By stream, then in the order of the free sets. The visit may take the block out of its set, and put parts
/// of it back, which are then visited or not.
template <class Visit>
void for_each_free(Pool& pool, Visit visit) {
  for (auto& [stream, cache] : pool.caches) {
    for (Block* block = cache.free.first(); block != nullptr;) {
      visit(*std::exchange(block, cache.free.next(*block)));
    }
  }
}

}  // namespace

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
  const auto age = [this](const Block& whole) { return large_.lookups - whole.segment->free_since; };

  std::uint64_t total_age = 0;
  std::size_t count = 0;
  for_each_free(large_, [&](const Block& block) {
    if (block.is_split()) return;
    total_age += age(block);
    ++count;
  });
  std::size_t reclaimed = 0;
  bool freed = true;
  while (reclaimed < target && freed && count > 0) {
    freed = false;
    const double age_limit = static_cast<double>(total_age) / static_cast<double>(count);
    for_each_free(large_, [&](Block& block) {
      if (block.is_split() || block.expandable() || static_cast<double>(age(block)) < age_limit) return;
      reclaimed += block.size;
      total_age -= age(block);
      --count;
      freed = true;
      release_segment(block);
    });
  }
}

// With max_split_size_mb, blocks above it are hardly ever reused: one that is large enough is given
// back, else the largest ones until they add up. What was given back stays so even if that fails.
bool CachingAllocator::release_available(const Request& request) {
  const std::size_t max_split = settings_.max_split_size;
  if (max_split == AllocatorSettings::kUnlimited) return false;
  const FreeSet& free = request.cache.free;
  const std::size_t wanted = std::max(request.rounded, max_split);
  Block* enough = free.best_fit(wanted);
  if (enough != nullptr && !enough->expandable()) {
    release_oversize(*enough);
    return true;
  }
  std::size_t freed = 0;
  Block* next = enough != nullptr ? free.prev(*enough) : free.last();
  while (freed < wanted && next != nullptr && next->size >= max_split) {
    Block& block = *std::exchange(next, free.prev(*next));
    if (block.expandable()) continue;
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
  const auto wait = [this](Streams::Event event) {
    streams_.wait(event);
    return true;
  };
  uses_.take_passed(wait, [this](Block& block) { finish_free(block); });
}

void CachingAllocator::release_pool(Pool& pool) {
  for_each_free(pool, [this](Block& block) {
    if (!block.expandable() && !block.is_split()) release_segment(block);
  });
  for_each_free(pool, [this](Block& block) {
    if (!block.expandable()) return;
    unmap_free_pages(block);
    if (!block.is_split()) drop_expandable_segment(*block.segment);
  });
}

void CachingAllocator::release_segment(Block& block) noexcept {
  const PoolKind pool = block.cache().pool.kind;
  remove_from_set(block);
  source_.release(block.address, block.size);
  statistics_.segment.fall(pool, 1);
  statistics_.reserved_bytes.fall(pool, block.size);
  ++statistics_.num_device_free;
  if (block.size >= settings_.max_split_size) statistics_.oversize_segments.fall(1);
  drop_segment(*block.segment);
}

}  // namespace memsweep
