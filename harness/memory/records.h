// Where the records of blocks and segments come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>

namespace memsweep {

/// Keeps used-up records for the next one: in the steady state nothing allocates host memory. T is what an
/// OrderedSet needs; `links.parent` of a spare record is the next spare one.
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
    spare_ = record.links.parent;
    record.links.parent = nullptr;
    --spares_;
    return record;
  }

  /// Takes back a record that stands in no set.
  void give_back(T& record) noexcept {
    const std::uint32_t priority = record.priority;
    record = {};
    record.priority = priority;
    record.links.parent = spare_;
    spare_ = &record;
    ++spares_;
  }

 private:
  void grow() {
    T& record = records_.emplace_back();
    record.priority = static_cast<std::uint32_t>(random_());
    give_back(record);
  }

  std::deque<T> records_;
  T* spare_ = nullptr;
  std::size_t spares_ = 0;
  std::minstd_rand random_;
};

}  // namespace memsweep
