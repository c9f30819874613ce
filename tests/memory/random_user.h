// A user of an allocator that is at the mercy of dice.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "harness/memory/allocator.h"

namespace memsweep::testing {

/// Allocates and frees on three streams, 2:1, so that memory runs out sooner or later.
class RandomUser {
 public:
  RandomUser(Allocator& allocator, std::uint64_t seed) : allocator_(allocator), random_(seed) {}

  /// What a single step did wrong is thrown; running out of memory is not wrong.
  void step() {
    const std::size_t dice = pick(100);
    if (dice < 60) {
      allocate();
    } else if (dice < 90) {
      free_one();
    } else if (dice < 98) {
      share_one();
    } else {
      allocator_.empty_cache();
    }
  }

  void free_all() {
    while (!live_.empty()) free_one();
  }

  [[nodiscard]] std::size_t out_of_memory() const { return out_of_memory_; }

 private:
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }

  void allocate() {
    const double log2 = std::uniform_real_distribution<double>(0, 26)(random_);
    live_.reserve(live_.size() + 1);
    try {
      live_.push_back(allocator_.allocate(static_cast<std::size_t>(std::exp2(log2)), pick(3)));
    } catch (const OutOfMemory&) {
      ++out_of_memory_;
    }
  }

  void free_one() {
    if (live_.empty()) return;
    std::swap(live_[pick(live_.size())], live_.back());
    allocator_.free(live_.back());
    live_.pop_back();
  }

  void share_one() {
    if (!live_.empty()) allocator_.record_stream(live_[pick(live_.size())], pick(3));
  }

  Allocator& allocator_;
  std::mt19937_64 random_;
  std::vector<Address> live_;
  std::size_t out_of_memory_ = 0;
};

}  // namespace memsweep::testing
