#include "harness/standin/memory_pool.h"

#include <algorithm>
#include <iterator>

namespace memsweep::standin {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kPiece = std::size_t{32} << 20;

std::size_t round_to(std::size_t unit, std::size_t bytes) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void MemoryPool::Level::add(std::int64_t bytes) {
  now += static_cast<std::uint64_t>(bytes);
  high = std::max(high, now);
}

cudaError_t MemoryPool::allocate(std::size_t bytes, Address& address) {
  if (bytes > memory_.capacity()) return cudaErrorMemoryAllocation;
  const std::size_t size = round_to(kBlock, bytes);
  auto found = best_fit(size);
  if (found == blocks_.end()) found = grow(size);
  if (found == blocks_.end()) return cudaErrorMemoryAllocation;
  Block& block = found->second;
  if (block.bytes > size) {
    blocks_.emplace(found->first + size, Block{block.bytes - size, block.piece, true});
    block.bytes = size;
  }
  block.free = false;
  used.add(static_cast<std::int64_t>(size));
  ++live_;
  address = found->first;
  return cudaSuccess;
}

cudaError_t MemoryPool::free(Address address) {
  const auto found = blocks_.find(address);
  if (found == blocks_.end() || found->second.free) return cudaErrorInvalidValue;
  found->second.free = true;
  used.add(-static_cast<std::int64_t>(found->second.bytes));
  --live_;
  merge_with_next(found);
  if (found != blocks_.begin() && std::prev(found)->second.free) merge_with_next(std::prev(found));
  return cudaSuccess;
}

bool MemoryPool::holds(Address address) const {
  const auto next = blocks_.upper_bound(address);
  if (next == blocks_.begin()) return false;
  const auto& [begin, block] = *std::prev(next);
  return address - begin < block.bytes;
}

void MemoryPool::trim(std::size_t bytes_to_keep) {
  for (auto next = blocks_.begin(); next != blocks_.end() && reserved.now > bytes_to_keep;) {
    const auto block = next++;
    const bool whole = next == blocks_.end() || next->second.piece != block->second.piece;
    if (!block->second.free || !whole || block->first != block->second.piece) continue;
    reserved.add(-static_cast<std::int64_t>(block->second.bytes));
    memory_.free(block->first);
    blocks_.erase(block);
  }
}

std::size_t MemoryPool::pieces() const {
  return std::ranges::count_if(blocks_, [](const auto& entry) { return entry.first == entry.second.piece; });
}

MemoryPool::Blocks::iterator MemoryPool::best_fit(std::size_t bytes) {
  auto best = blocks_.end();
  for (auto next = blocks_.begin(); next != blocks_.end(); ++next) {
    if (!next->second.free || next->second.bytes < bytes) continue;
    if (best == blocks_.end() || next->second.bytes < best->second.bytes) best = next;
  }
  return best;
}

MemoryPool::Blocks::iterator MemoryPool::grow(std::size_t bytes) {
  const std::size_t size = round_to(kPiece, bytes);
  Address address = 0;
  if (memory_.allocate(device_, size, address) != cudaSuccess) {
    trim(0);
    if (memory_.allocate(device_, size, address) != cudaSuccess) return blocks_.end();
  }
  reserved.add(static_cast<std::int64_t>(size));
  return blocks_.emplace(address, Block{size, address, true}).first;
}

void MemoryPool::merge_with_next(Blocks::iterator block) {
  const auto next = std::next(block);
  if (next == blocks_.end() || !next->second.free || next->second.piece != block->second.piece) return;
  block->second.bytes += next->second.bytes;
  blocks_.erase(next);
}

}  // namespace memsweep::standin
