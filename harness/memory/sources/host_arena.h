// Host memory under a cap, handed out like a device's: same granule, same addresses in the same order.
#pragma once

#include <cstddef>

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/address_space.h"

namespace memsweep {

/// Address space for one purpose, without memory behind it until it is populated.
class HostRange {
 public:
  /// Throws UsageError if the host has not that much address space to offer.
  explicit HostRange(std::size_t bytes);
  ~HostRange();
  HostRange(const HostRange&) = delete;
  HostRange& operator=(const HostRange&) = delete;

  [[nodiscard]] Address begin() const noexcept { return begin_; }
  [[nodiscard]] Address end() const noexcept { return begin_ + bytes_; }

 private:
  Address begin_;
  std::size_t bytes_;
};

class HostArena final : public SegmentSource, public PageSource {
 public:
  /// Hands out at most `cap` bytes at a time, counted in granules of 2 MiB. Every byte handed out is
  /// resident; every byte given back goes back to the host at once. Throws UsageError (HostRange).
  explicit HostArena(std::size_t cap);

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;
  Info info() const noexcept override { return {cap_, used_}; }
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address address, std::size_t bytes) noexcept override;
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

 private:
  std::size_t cap_;
  std::size_t used_ = 0;
  HostRange segment_range_;
  HostRange page_range_;
  AddressSpace segments_;
  AddressSpace ranges_;
};

}  // namespace memsweep
