// A device that only counts: addresses without memory behind them, byte-exact capacity.
#pragma once

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/address_space.h"

namespace memsweep {

/// Rounds segments up to 2 MiB as cudaMalloc does and refuses what exceeds the capacity. Pages of
/// virtual ranges draw on the same capacity.
class CountingSource final : public SegmentSource, public PageSource {
 public:
  /// All in bytes. `used_before`: by the context and by others, never given back.
  explicit CountingSource(std::size_t total, std::size_t used_before = 0);

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;
  Info info() const noexcept override { return {total_, used_}; }
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address address, std::size_t bytes) noexcept override;
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

 private:
  std::size_t total_;
  std::size_t used_;
  AddressSpace segments_;
  AddressSpace ranges_;
};

}  // namespace memsweep
