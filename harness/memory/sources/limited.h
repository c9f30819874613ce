// A source that is smaller than the device below it: the same patterns meet the same shortage on every
// device that is large enough.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/granule.h"
#include "harness/memory/stream_pool.h"

namespace memsweep {

class LimitedSource final : public SegmentSource, public PageSource {
 public:
  /// Hands out at most `limit` - `used_before` bytes of the upstream at a time, counted in its granules of
  /// 2 MiB. Appears as a device of `limit` bytes, of which `used_before` are in use. The upstream outlives
  /// this.
  LimitedSource(SegmentSource& upstream, std::size_t limit, std::size_t used_before = 0)
      : upstream_(upstream), limit_(limit), used_(used_before), pool_(*this) {}
  LimitedSource(const LimitedSource&) = delete;
  LimitedSource& operator=(const LimitedSource&) = delete;

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
  StreamOrderedPool* pool() noexcept override { return upstream_.pool() != nullptr ? &pool_ : nullptr; }

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
  /// What a pool takes for a request is known only afterwards: what goes beyond the limit is given back.
  class Pool final : public StreamOrderedPool {
   public:
    explicit Pool(LimitedSource& source) : source_(source) {}

    Address allocate(std::size_t bytes, Stream stream) override {
      if (bytes > source_.limit_) return 0;
      const Address address = upstream().allocate(bytes, stream);
      note_reserved();
      if (address == 0 || source_.used_ <= source_.limit_) return address;
      free(address, {});
      wait_for_frees();
      trim();
      return 0;
    }
    void free(Address address, std::span<const Stream> others) override { upstream().free(address, others); }
    void trim() override {
      upstream().trim();
      note_reserved();
    }
    void wait_for_frees() noexcept override { upstream().wait_for_frees(); }
    void synchronize(Stream stream) noexcept override { upstream().synchronize(stream); }
    std::size_t reserved() const noexcept override { return reserved_; }
    std::vector<SegmentSnapshot> snapshot() const override { return upstream().snapshot(); }

   private:
    [[nodiscard]] StreamOrderedPool& upstream() const { return *source_.upstream_.pool(); }
    void note_reserved() {
      source_.used_ -= reserved_;
      reserved_ = upstream().reserved();
      source_.used_ += reserved_;
    }

    LimitedSource& source_;
    std::size_t reserved_ = 0;
  };

  SegmentSource& upstream_;
  std::size_t limit_;
  std::size_t used_;
  Pool pool_;
};

}  // namespace memsweep
