// Expandable segments: one large virtual range per pool and stream, of which pages get memory when
// needed and lose it when the cache is emptied. The pages of a range need no memory of one piece.
#include <algorithm>
#include <utility>

#include "harness/memory/caching_allocator.h"
#include "harness/memory/size_rules.h"

namespace memsweep {
namespace {

/// A block that touches unmapped pages counts as large as it could grow.
std::size_t size_when_grown(const Block& block) noexcept {
  const bool grows = block.next != nullptr && block.next->state == BlockState::unmapped;
  return block.size + (grows ? block.next->size : 0);
}

bool usable(const Block& block) noexcept {
  return block.state == BlockState::free || block.state == BlockState::unmapped;
}

std::size_t pages_over(std::size_t bytes, std::size_t page_bytes) noexcept {
  return (bytes + page_bytes - 1) / page_bytes;
}

}  // namespace

// A fixed block is preferred, even a larger one, to one at the growing end.
Block* CachingAllocator::best_growing_fit(const FreeSet& free, Block* found) noexcept {
  while (found->expandable()) {
    Block* next = free.next(*found);
    if (next == nullptr || size_when_grown(*next) >= size_when_grown(*found)) break;
    found = next;
  }
  return found;
}

// May map in several steps. One that fails leaves the pages of the earlier ones mapped and free.
Block* CachingAllocator::grow_expandable(const Request& request) {
  Block* block = find_run(request);
  if (block == nullptr) block = new_expandable_segment(request);
  if (block == nullptr) return nullptr;
  if (block->state == BlockState::unmapped && !map(*block, std::min(block->size, request.rounded))) {
    return nullptr;
  }
  while (block->size < request.rounded) {
    Block& next = *block->next;
    if (!map(next, std::min(request.rounded - block->size, next.size))) return nullptr;
    block = &next;  // it swallowed the one before
  }
  return block;
}

// The lowest place with unmapped pages where blocks not in use are together large enough: the first
// of these blocks.
Block* CachingAllocator::find_run(const Request& request) noexcept {
  for (Block* i = request.cache.unmapped.first(); i != nullptr; i = UnmappedSet::next(*i)) {
    Block* first = i;
    if (first->prev != nullptr && usable(*first->prev)) first = first->prev;
    std::size_t size = 0;
    for (const Block* block = first; block != nullptr && usable(*block); block = block->next) {
      size += block->size;
      if (size >= request.rounded) return first;
    }
  }
  return nullptr;
}

std::size_t CachingAllocator::page_bytes(PoolKind pool) const noexcept {
  return pool == PoolKind::small ? kSmallSegment : settings_.large_segment_size;
}

std::size_t CachingAllocator::reservation_bytes(std::size_t page_bytes) const noexcept {
  const std::size_t total = source_.info().total;
  std::size_t bytes = total + total / 8;
  if (settings_.expandable_reserve) {
    const ExpandableReserve& reserve = *settings_.expandable_reserve;
    const double wanted = reserve.of_total ? reserve.amount * static_cast<double>(total) : reserve.amount;
    if (wanted < static_cast<double>(bytes)) bytes = static_cast<std::size_t>(wanted);
  }
  return pages_over(std::max(bytes, std::size_t{1}), page_bytes) * page_bytes;
}

Block* CachingAllocator::new_expandable_segment(const Request& request) {
  const std::size_t page = page_bytes(request.pool());
  const std::size_t bytes = reservation_bytes(page);
  reserve_segment();
  const Address address = source_.pages()->reserve(bytes);
  const bool too_small = rules().refuses_beyond_reservation && bytes < request.rounded;
  if (address != 0 && too_small) source_.pages()->unreserve(address, bytes);
  if (address == 0 || too_small) return nullptr;
  Block& block = add_segment(address, bytes, page, request.cache);
  insert_unmapped(block);
  return &block;
}

bool CachingAllocator::map(Block& block, std::size_t bytes) {
  const std::size_t page_bytes = block.segment->page_bytes;
  const std::size_t pages = pages_over(bytes, page_bytes);
  const std::size_t mapped = pages * page_bytes;
  block_records_.reserve(1);
  if (!source_.pages()->map(block.address, page_bytes, pages)) return false;
  remove_from_set(block);
  if (mapped < block.size) {
    Block& rest = block_records_.take();
    split_back(block, rest, block.size - mapped);
    insert_unmapped(rest);
  }
  block.state = BlockState::free;
  absorb_neighbours(block);
  insert_free(block);
  statistics_.reserved_bytes.rise(block.cache().pool.kind, mapped);
  ++statistics_.num_device_alloc;
  return true;
}

// Only pages that lie wholly in the free block; what is left before and behind them stays free.
void CachingAllocator::unmap_free_pages(Block& block) {
  const Segment& segment = *block.segment;
  const std::size_t page_bytes = segment.page_bytes;
  const std::size_t offset = block.address - segment.address;
  const std::size_t first = pages_over(offset, page_bytes);
  const std::size_t last = (offset + block.size) / page_bytes;
  if (first >= last) return;
  const std::size_t before = first * page_bytes - offset;
  const std::size_t behind = offset + block.size - last * page_bytes;
  block_records_.reserve(2);
  streams_.synchronize(block.cache().stream);
  source_.pages()->unmap(segment.address + first * page_bytes, page_bytes, last - first);
  remove_from_set(block);
  if (before > 0) {
    Block& front = block_records_.take();
    split_front(block, front, before);
    insert_free(front);
  }
  if (behind > 0) {
    Block& back = block_records_.take();
    split_back(block, back, behind);
    insert_free(back);
  }
  statistics_.reserved_bytes.fall(block.cache().pool.kind, block.size);
  ++statistics_.num_device_free;
  block.state = BlockState::unmapped;
  absorb_neighbours(block);
  insert_unmapped(block);
}

// Mapped runs begin and end at pages, whatever blocks tile them.
void CachingAllocator::abandon_expandable_segment(const Segment& segment) noexcept {
  const std::size_t page_bytes = segment.page_bytes;
  std::size_t run = 0;  // mapped bytes right before the block
  const auto unmap_run = [&](Address end) {
    if (run > 0) source_.pages()->unmap(end - run, page_bytes, run / page_bytes);
    run = 0;
  };
  for (const Block* block = segment.first; block != nullptr; block = block->next) {
    if (block->state == BlockState::unmapped) {
      unmap_run(block->address);
    } else {
      run += block->size;
    }
  }
  unmap_run(segment.address + segment.size);
  source_.pages()->unreserve(segment.address, segment.size);
}

void CachingAllocator::drop_expandable_segment(Segment& segment) noexcept {
  remove_from_set(*segment.first);
  source_.pages()->unreserve(segment.address, segment.size);
  drop_segment(segment);
}

}  // namespace memsweep
