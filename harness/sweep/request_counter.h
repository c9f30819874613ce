// Memory without end that only counts: how much a program asks for, whatever allocator serves it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/memory/allocator.h"

namespace memsweep {

/// Of the statistics only the requested bytes of both pools together are kept.
class RequestCounter final : public Allocator {
 public:
  [[nodiscard]] Address allocate(std::size_t bytes, Stream = 0) override {
    if (bytes == 0) return 0;
    requests_.push_back(bytes);
    statistics_.requested_bytes.all.rise(static_cast<std::int64_t>(bytes));
    return requests_.size();
  }
  void free(Address address) override {
    if (address != 0) statistics_.requested_bytes.all.fall(static_cast<std::int64_t>(block_bytes(address)));
  }
  void record_stream(Address, Stream) override {}
  void empty_cache() override {}
  void reset_peaks() noexcept override { statistics_.reset_peaks(); }
  [[nodiscard]] std::size_t block_bytes(Address address) const override { return requests_[address - 1]; }
  [[nodiscard]] const Statistics& statistics() const noexcept override { return statistics_; }
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return {}; }

 private:
  std::vector<std::size_t> requests_;  // an address counts from 1 how many there were
  Statistics statistics_;
};

}  // namespace memsweep
