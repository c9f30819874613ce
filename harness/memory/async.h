// PyTorch's cudaMallocAsync backend over the driver's memory pool, or a model of it (driver_pool.h).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "harness/memory/allocator.h"
#include "harness/memory/driver_pool.h"
#include "harness/memory/rules.h"

namespace memsweep {

/// PyTorch's half is exact: bytes are counted as asked for; a request beyond a configured limit fails
/// without the device being asked; 2.15, where the device refuses, waits for the stream, trims the pool and
/// asks once more. What the pool does, and with it reserved bytes and how much fits into fragmented memory,
/// is the driver's: modelled, unless the source has such a pool of its own.
///
/// Statistics are those that this backend has: current and peak of allocated, active and reserved bytes in
/// all. All others stay 0, num_ooms too, except requested bytes, which are memsweep's own.
class AsyncAllocator final : public Allocator {
 public:
  /// The source and the streams must outlive the allocator. `memory_fraction` of the device, in [0, 1],
  /// limits live bytes as set_per_process_memory_fraction() does; 1: no limit. (PyTorch does not read the
  /// setting of that name for this backend.) Throws UsageError if the source offers neither pool nor pages.
  explicit AsyncAllocator(SegmentSource& source, double memory_fraction = 1,
                          PytorchRelease release = PytorchRelease::v2_15, Streams& streams = idle_streams());

  /// Gives back all, also what is live.
  ~AsyncAllocator() override;

  AsyncAllocator(const AsyncAllocator&) = delete;
  AsyncAllocator& operator=(const AsyncAllocator&) = delete;

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream = 0) override;
  void free(Address address) override;

  /// Once freed, the block serves no stream, its own included, before all its streams have passed.
  void record_stream(Address address, Stream stream) override;
  void empty_cache() override;
  void reset_peaks() noexcept override { statistics_.reset_peaks(); }

  /// The bytes asked for.
  [[nodiscard]] std::size_t block_bytes(Address address) const override;
  [[nodiscard]] const Statistics& statistics() const noexcept override { return statistics_; }

  /// PyTorch has none for this backend; each contiguous run of pages of the pool counts as a segment.
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return pool_.snapshot(); }

 private:
  struct Use {
    std::size_t bytes;
    Stream stream;
    std::vector<Stream> others;
  };
  class NoteReserved;

  [[nodiscard]] Address ask_pool(std::size_t bytes, Stream stream);
  void count(std::size_t bytes, int sign) noexcept;
  void note_reserved() noexcept;
  [[nodiscard]] std::size_t used() const noexcept;
  [[nodiscard]] OutOfMemory out_of_memory(std::size_t bytes) const;

  SegmentSource& source_;
  PytorchRelease release_;
  std::optional<std::size_t> limit_;  // of live bytes
  Statistics statistics_;
  std::map<Address, Use> live_;
  std::optional<DriverPool> model_;
  StreamOrderedPool& pool_;
};

}  // namespace memsweep
