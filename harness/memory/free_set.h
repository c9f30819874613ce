// The free blocks of one stream in a pool, by the order of best fit.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "harness/memory/block.h"
#include "harness/memory/ordered_set.h"
#include "harness/memory/size_rules.h"

namespace memsweep {

/// The smallest block first, of equal ones the oldest segment, then the lowest address.
struct BestFitOrder {
  bool operator()(const Block& a, const Block& b) const noexcept {
    if (a.size != b.size) return a.size < b.size;
    if (a.segment->age_rank != b.segment->age_rank) return a.segment->age_rank < b.segment->age_rank;
    return a.address < b.address;
  }
};

/// An ordered set for each class of sizes. Most hold a block or two, so that hardly anything is compared, and
/// yet a million blocks of one size are no burden. While a block is in, its size and address stay.
class FreeSet {
 public:
  void insert(Block& block) noexcept {
    const std::size_t index = class_of(block.size);
    classes_[index].insert(block);
    occupied_[index / kWord] |= bit(index);
  }

  void erase(Block& block) noexcept {
    const std::size_t index = class_of(block.size);
    classes_[index].erase(block);
    if (classes_[index].empty()) occupied_[index / kWord] &= ~bit(index);
  }

  // Null where there is none.
  [[nodiscard]] Block* first() const noexcept { return first_from(0); }
  [[nodiscard]] Block* last() const noexcept { return last_before(kClasses); }
  [[nodiscard]] Block* next(const Block& block) const noexcept {
    Block* next = Class::next(block);
    return next != nullptr ? next : first_from(class_of(block.size) + 1);
  }
  [[nodiscard]] Block* prev(const Block& block) const noexcept {
    Block* prev = Class::prev(block);
    return prev != nullptr ? prev : last_before(class_of(block.size));
  }

  /// The first block of at least `size` bytes, or null.
  [[nodiscard]] Block* best_fit(std::size_t size) const noexcept {
    const std::size_t index = class_of(size);
    Block* fit = classes_[index].first_not([size](const Block& block) { return block.size < size; });
    return fit != nullptr ? fit : first_from(index + 1);
  }

 private:
  using Class = OrderedSet<Block, BestFitOrder>;

  static constexpr std::size_t kSteps = 8;  // classes to a power of two
  // For 2^64 bytes, which are 2^55 granules; those below 2^3 fill the first 8 classes.
  static constexpr std::size_t kClasses = (55 - 2) * kSteps;
  static constexpr std::size_t kWord = 64;

  /// Every size below 8 granules has a class of its own; from there on each power of two is divided in 8.
  static std::size_t class_of(std::size_t size) noexcept {
    const std::size_t granules = size / kMinBlock;
    if (granules < kSteps) return granules;
    const auto log2 = static_cast<std::size_t>(std::bit_width(granules)) - 1;
    return (log2 - 3) * kSteps + (granules >> (log2 - 3));
  }

  static std::uint64_t bit(std::size_t index) noexcept { return std::uint64_t{1} << index % kWord; }

  [[nodiscard]] Block* first_from(std::size_t index) const noexcept {
    std::uint64_t mask = ~(bit(index) - 1);
    for (std::size_t word = index / kWord; word < occupied_.size(); ++word, mask = ~std::uint64_t{0}) {
      const std::uint64_t found = occupied_[word] & mask;
      if (found == 0) continue;
      return classes_[word * kWord + static_cast<std::size_t>(std::countr_zero(found))].first();
    }
    return nullptr;
  }

  [[nodiscard]] Block* last_before(std::size_t index) const noexcept {
    while (index-- > 0) {
      if (!classes_[index].empty()) return classes_[index].last();
    }
    return nullptr;
  }

  std::array<Class, kClasses> classes_;
  std::array<std::uint64_t, (kClasses + kWord - 1) / kWord> occupied_{};  // a bit for each class
};

}  // namespace memsweep
