// Stands between a program and its allocator, and sees what no statistic keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/memory/allocator.h"

namespace memsweep {

class WatchedAllocator final : public Allocator {
 public:
  /// The upstream outlives this.
  explicit WatchedAllocator(Allocator& upstream) : upstream_(upstream) {}

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream = 0) override {
    ++requests_;
    const Address address = upstream_.allocate(bytes, stream);
    note_peak();
    return address;
  }
  void free(Address address) override { upstream_.free(address); }
  void record_stream(Address address, Stream stream) override { upstream_.record_stream(address, stream); }
  void empty_cache() override { upstream_.empty_cache(); }
  void reset_peaks() noexcept override {
    upstream_.reset_peaks();
    reserved_peak_ = active_at_peak_ = 0;
    note_peak();
  }
  [[nodiscard]] std::size_t block_bytes(Address address) const override {
    return upstream_.block_bytes(address);
  }
  [[nodiscard]] const Statistics& statistics() const noexcept override { return upstream_.statistics(); }
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return upstream_.snapshot(); }

  /// Requests so far, one that was refused included.
  [[nodiscard]] std::int64_t requests() const noexcept { return requests_; }

  /// 1 - most active bytes / reserved bytes, where those had their peak.
  [[nodiscard]] double unused_at_peak() const noexcept {
    if (reserved_peak_ == 0) return 0;
    return 1 - static_cast<double>(active_at_peak_) / static_cast<double>(reserved_peak_);
  }

 private:
  void note_peak() noexcept {
    const Statistics& s = upstream_.statistics();
    const std::int64_t reserved = s.reserved_bytes.all.current, active = s.active_bytes.all.current;
    if (reserved < reserved_peak_ || (reserved == reserved_peak_ && active <= active_at_peak_)) return;
    reserved_peak_ = reserved;
    active_at_peak_ = active;
  }

  Allocator& upstream_;
  std::int64_t requests_ = 0;
  std::int64_t reserved_peak_ = 0;
  std::int64_t active_at_peak_ = 0;
};

}  // namespace memsweep
