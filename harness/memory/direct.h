// No cache: every block is a segment of its own, as under PYTORCH_NO_CUDA_MEMORY_CACHING=1, where PyTorch
// hands requests to cudaMalloc as they are. What a training step takes with a perfect packing, and what the
// cache saves in calls of the device.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "harness/memory/allocator.h"

namespace memsweep {

/// Allocated are the bytes asked for, reserved what the device takes for them: whole granules. Nothing is
/// ever free, so a request fails only where the device refuses it; a memory fraction is not looked at.
/// Statistics are totals, not split by pool. PyTorch keeps none in this mode; these are memsweep's.
class DirectAllocator final : public Allocator {
 public:
  /// The source must outlive the allocator.
  explicit DirectAllocator(SegmentSource& source) : source_(source) {}

  /// Gives every block back, also live ones.
  ~DirectAllocator() override;

  DirectAllocator(const DirectAllocator&) = delete;
  DirectAllocator& operator=(const DirectAllocator&) = delete;

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream = 0) override;
  void free(Address address) override;

  /// Nothing to wait for: cudaFree waits for the whole device. Throws as free() does.
  void record_stream(Address address, Stream stream) override;
  void empty_cache() override {}
  void reset_peaks() noexcept override { statistics_.reset_peaks(); }

  /// The bytes asked for.
  [[nodiscard]] std::size_t block_bytes(Address address) const override;
  [[nodiscard]] const Statistics& statistics() const noexcept override { return statistics_; }

  /// One segment per block, of the block's size.
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override;

 private:
  struct Block {
    std::size_t bytes;
    Stream stream;
  };
  using Blocks = std::map<Address, Block>;

  Blocks::const_iterator require_live(Address address) const;
  void count(const Block& block, std::int64_t sign) noexcept;
  [[nodiscard]] OutOfMemory out_of_memory(std::size_t bytes) const;

  SegmentSource& source_;
  Blocks blocks_;
  Statistics statistics_;
};

}  // namespace memsweep
