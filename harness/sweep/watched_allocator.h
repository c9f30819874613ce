// Stands between a program and its allocator, and sees what no statistic keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/memory/allocator.h"
#include "harness/memory/levels.h"

namespace memsweep {

class WatchedAllocator final : public Allocator {
 public:
  /// The upstream outlives this.
  explicit WatchedAllocator(Allocator& upstream) : upstream_(upstream) {}

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream = 0) override {
    ++requests_;
    const Address address = upstream_.allocate(bytes, stream);
    reserved_peak_.note(upstream_.statistics());
    return address;
  }
  void free(Address address) override { upstream_.free(address); }
  void record_stream(Address address, Stream stream) override { upstream_.record_stream(address, stream); }
  void empty_cache() override { upstream_.empty_cache(); }
  void reset_peaks() noexcept override {
    upstream_.reset_peaks();
    reserved_peak_ = {};
    reserved_peak_.note(upstream_.statistics());
  }
  [[nodiscard]] std::size_t block_bytes(Address address) const override {
    return upstream_.block_bytes(address);
  }
  [[nodiscard]] const Statistics& statistics() const noexcept override { return upstream_.statistics(); }
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return upstream_.snapshot(); }

  /// Requests so far, one that was refused included.
  [[nodiscard]] std::int64_t requests() const noexcept { return requests_; }

  [[nodiscard]] const ReservedPeak& reserved_peak() const noexcept { return reserved_peak_; }

 private:
  Allocator& upstream_;
  std::int64_t requests_ = 0;
  ReservedPeak reserved_peak_;  // since the peaks were reset
};

}  // namespace memsweep
