// A source that fails on demand, after the idea of SQLite's fault simulator: the n-th request for
// memory fails, once or from then on for ever. n = 0, 1, 2 … until a run meets no fault tries them all.
#pragma once

#include <cstddef>

#include "harness/memory/segment_source.h"

namespace memsweep {

class FailingSource final : public SegmentSource, public PageSource {
 public:
  enum class Mode { once, for_ever };

  /// `nth` counts from 0 over segments, reservations and mappings alike. The upstream outlives this.
  FailingSource(SegmentSource& upstream, std::size_t nth, Mode mode)
      : upstream_(upstream), nth_(nth), mode_(mode) {}

  /// Requests for memory so far, the failed ones included.
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }

  Address allocate(std::size_t bytes) noexcept override { return fails() ? 0 : upstream_.allocate(bytes); }
  void release(Address address, std::size_t bytes) noexcept override { upstream_.release(address, bytes); }
  Info info() const noexcept override { return upstream_.info(); }
  PageSource* pages() noexcept override { return upstream_.pages() != nullptr ? this : nullptr; }

  Address reserve(std::size_t bytes) noexcept override {
    return fails() ? 0 : upstream_.pages()->reserve(bytes);
  }
  void unreserve(Address address, std::size_t bytes) noexcept override {
    upstream_.pages()->unreserve(address, bytes);
  }
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    return !fails() && upstream_.pages()->map(address, page_bytes, count);
  }
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    upstream_.pages()->unmap(address, page_bytes, count);
  }

 private:
  bool fails() noexcept {
    const std::size_t call = calls_++;
    const bool fails = mode_ == Mode::once ? call == nth_ : call >= nth_;
    failures_ += fails ? 1 : 0;
    return fails;
  }

  SegmentSource& upstream_;
  std::size_t nth_;
  Mode mode_;
  std::size_t calls_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace memsweep
