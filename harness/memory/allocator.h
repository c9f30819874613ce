// What decides the addresses of tensors.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/memory/errors.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/statistics.h"
#include "harness/memory/streams.h"

namespace memsweep {

class Allocator {
 public:
  virtual ~Allocator() = default;

  /// A block of at least `bytes` bytes, first used on `stream`; 0 for 0 bytes. Throws OutOfMemory.
  [[nodiscard]] virtual Address allocate(std::size_t bytes, Stream stream = 0) = 0;

  /// Throws std::logic_error if no live block starts at `address`, 0 excepted.
  virtual void free(Address address) = 0;

  /// `stream` uses the live block at `address` too: once freed, the block waits for that stream.
  virtual void record_stream(Address address, Stream stream) = 0;

  /// Gives back to the device whatever holds no live bytes, after all that waits for streams.
  virtual void empty_cache() = 0;

  /// Peaks start again from what is there now.
  virtual void reset_peaks() noexcept = 0;

  /// Size of the live block at `address`, rounding and unsplit remainder included, bytes.
  [[nodiscard]] virtual std::size_t block_bytes(Address address) const = 0;

  [[nodiscard]] virtual const Statistics& statistics() const noexcept = 0;

  /// All segments by address, with their blocks.
  [[nodiscard]] virtual std::vector<SegmentSnapshot> snapshot() const = 0;
};

}  // namespace memsweep
