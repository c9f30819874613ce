// The live blocks by address: open addressing with linear probing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/memory/block.h"

namespace memsweep {

class AddressTable {
 public:
  /// Makes room for one insertion; may throw std::bad_alloc.
  void reserve_one() {
    if ((size_ + 1) * 2 > slots_.size()) grow();
  }

  /// Needs reserve_one() before it. The block's address is not in the table.
  void insert(Block& block) noexcept {
    std::size_t i = home(block.address);
    while (slots_[i] != nullptr) i = after(i);
    slots_[i] = &block;
    ++size_;
  }

  /// The block at `address`, or null.
  [[nodiscard]] Block* find(Address address) const noexcept {
    if (size_ == 0) return nullptr;
    return slots_[slot_of(address)];
  }

  /// Takes the block at `address` out; null if there is none.
  Block* take(Address address) noexcept {
    if (size_ == 0) return nullptr;
    const std::size_t i = slot_of(address);
    Block* block = slots_[i];
    if (block != nullptr) erase(i);
    return block;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  [[nodiscard]] std::size_t after(std::size_t i) const noexcept { return (i + 1) & mask(); }

  [[nodiscard]] std::size_t home(Address address) const noexcept {
    return static_cast<std::size_t>((address * 0x9E3779B97F4A7C15u) >> 32) & mask();  // 2^64 / golden ratio
  }

  /// Where the block at `address` stands, or the empty slot that ends its probe.
  [[nodiscard]] std::size_t slot_of(Address address) const noexcept {
    std::size_t i = home(address);
    while (slots_[i] != nullptr && slots_[i]->address != address) i = after(i);
    return i;
  }

  /// Closes the gap: a later block of the same run moves up if its home allows it.
  void erase(std::size_t gap) noexcept {
    for (std::size_t i = after(gap); slots_[i] != nullptr; i = after(i)) {
      const std::size_t wanted = home(slots_[i]->address);
      if (((i - wanted) & mask()) < ((i - gap) & mask())) continue;
      slots_[gap] = slots_[i];
      gap = i;
    }
    slots_[gap] = nullptr;
    --size_;
  }

  void grow() {
    std::vector<Block*> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    size_ = 0;
    for (Block* block : old) {
      if (block != nullptr) insert(*block);
    }
  }

  std::vector<Block*> slots_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace memsweep
