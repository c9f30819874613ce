// A source that is smaller than the device below it: the same patterns meet the same shortage on every
// device that is large enough.
#pragma once

#include <cstddef>

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {

class LimitedSource final : public SegmentSource, public PageSource {
 public:
  /// Hands out at most `limit` bytes of the upstream at a time, counted in its granules of 2 MiB. Appears as
  /// a device of that size of which nothing is used yet. The upstream outlives this.
  LimitedSource(SegmentSource& upstream, std::size_t limit) : upstream_(upstream), limit_(limit) {}

  Address allocate(std::size_t bytes) noexcept override {
    if (bytes > limit_ - used_ || round_to_granule(bytes) > limit_ - used_) return 0;
    const Address address = upstream_.allocate(bytes);
    if (address != 0) used_ += round_to_granule(bytes);
    return address;
  }
  void release(Address address, std::size_t bytes) noexcept override {
    upstream_.release(address, bytes);
    used_ -= round_to_granule(bytes);
  }
  Info info() const noexcept override { return {limit_, used_}; }
  PageSource* pages() noexcept override { return upstream_.pages() != nullptr ? this : nullptr; }

  Address reserve(std::size_t bytes) noexcept override { return upstream_.pages()->reserve(bytes); }
  void unreserve(Address address, std::size_t bytes) noexcept override {
    upstream_.pages()->unreserve(address, bytes);
  }
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    if (count > (limit_ - used_) / page_bytes) return false;
    if (!upstream_.pages()->map(address, page_bytes, count)) return false;
    used_ += count * page_bytes;
    return true;
  }
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    upstream_.pages()->unmap(address, page_bytes, count);
    used_ -= count * page_bytes;
  }

 private:
  SegmentSource& upstream_;
  std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace memsweep
