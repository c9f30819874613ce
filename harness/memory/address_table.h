// The live blocks by address: a hash table that chains the blocks themselves.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/memory/block.h"

namespace memsweep {

class AddressTable {
 public:
  /// Makes room for one insertion; may throw std::bad_alloc.
  void reserve_one() {
    if (size_ == buckets_.size()) grow();
  }

  /// Needs reserve_one() before it. The block stands in no set, its address not in the table.
  void insert(Block& block) noexcept {
    Block*& bucket = bucket_of(block.address);
    next_of(block) = bucket;
    bucket = &block;
    ++size_;
  }

  /// The block at `address`, or null.
  [[nodiscard]] Block* find(Address address) const noexcept {
    if (size_ == 0) return nullptr;
    Block* block = buckets_[index_of(address)];
    while (block != nullptr && block->address != address) block = next_of(*block);
    return block;
  }

  /// Takes a block out that is in the table.
  void erase(Block& block) noexcept {
    Block** place = &bucket_of(block.address);
    while (*place != &block) place = &next_of(**place);
    *place = next_of(block);
    --size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static Block*& next_of(Block& block) noexcept { return block.live.next; }

  [[nodiscard]] std::size_t index_of(Address address) const noexcept {
    const std::uint64_t hash = address * 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio
    return static_cast<std::size_t>(hash >> 32) & (buckets_.size() - 1);
  }
  Block*& bucket_of(Address address) noexcept { return buckets_[index_of(address)]; }

  void grow() {
    std::vector<Block*> old(buckets_.empty() ? 64 : buckets_.size() * 2);
    old.swap(buckets_);
    size_ = 0;
    for (Block* block : old) {
      while (block != nullptr) {
        Block* next = next_of(*block);
        insert(*block);
        block = next;
      }
    }
  }

  std::vector<Block*> buckets_;  // a power of two, at least as many as blocks
  std::size_t size_ = 0;
};

}  // namespace memsweep
