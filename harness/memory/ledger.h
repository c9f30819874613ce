// Live bytes by tag, their peak, and what stood at the peak. A tag is only a number here.
#pragma once

#include <array>
#include <cstddef>

namespace memsweep {

class Ledger {
 public:
  static constexpr std::size_t kTags = 8;
  using ByTag = std::array<std::size_t, kTags>;

  void add(std::size_t tag, std::size_t bytes) {
    live_[tag] += bytes;
    total_ += bytes;
    if (total_ > peak_) {
      peak_ = total_;
      at_peak_ = live_;
    }
  }
  void remove(std::size_t tag, std::size_t bytes) {
    live_[tag] -= bytes;
    total_ -= bytes;
  }

  [[nodiscard]] std::size_t peak() const { return peak_; }
  [[nodiscard]] const ByTag& live() const { return live_; }
  [[nodiscard]] const ByTag& at_peak() const { return at_peak_; }

 private:
  ByTag live_{};
  ByTag at_peak_{};
  std::size_t total_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace memsweep
