// Where the records of blocks, of segments and of what they wait for come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <random>

namespace memsweep {

/// Keeps used-up records for the next one: in the steady state nothing allocates host memory. T has `T*&
/// next_spare()`, a link that it needs only while it is in use; the `priority` of an element of an OrderedSet
/// is drawn here, once.
template <class T>
class Records {
 public:
  /// Makes sure of `count` spare records; may throw std::bad_alloc.
  void reserve(std::size_t count) {
    while (spares_ < count) grow();
  }

  /// A fresh record. Needs reserve() before it.
  T& take() noexcept {
    T& record = *spare_;
    spare_ = record.next_spare();
    record.next_spare() = nullptr;
    --spares_;
    return record;
  }

  /// Takes back a record that stands in no set.
  void give_back(T& record) noexcept {
    clear(record);
    record.next_spare() = spare_;
    spare_ = &record;
    ++spares_;
  }

 private:
  // Many to a piece of the heap: what the heap adds to each would show in the memory for a block.
  using Chunk = std::array<T, 32>;

  static constexpr bool kHasPriority = requires(T record) { record.priority; };

  static void clear(T& record) noexcept {
    if constexpr (kHasPriority) {
      const std::uint32_t priority = record.priority;
      record = {};
      record.priority = priority;
    } else {
      record = {};
    }
  }

  // The first record of a chunk is taken first: neighbours in time are neighbours in memory.
  void grow() {
    Chunk& chunk = chunks_.emplace_front();
    for (auto record = chunk.rbegin(); record != chunk.rend(); ++record) {
      if constexpr (kHasPriority) record->priority = static_cast<std::uint32_t>(random_());
      give_back(*record);
    }
  }

  std::forward_list<Chunk> chunks_;
  T* spare_ = nullptr;
  std::size_t spares_ = 0;
  std::minstd_rand random_;
};

}  // namespace memsweep
