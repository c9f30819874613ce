// Memory that is taken and given back in the order of streams: what stands behind cudaMallocAsync and
// cudaFreeAsync, be it the driver's pool or a model of it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/streams.h"

namespace memsweep {

class StreamOrderedPool {
 public:
  virtual ~StreamOrderedPool() = default;

  /// A block for `bytes` > 0 bytes that `stream` may use at once; 0 where there is no memory left for it.
  /// May throw std::bad_alloc; what is live or free then stays so.
  [[nodiscard]] virtual Address allocate(std::size_t bytes, Stream stream) = 0;

  /// Frees the live block at `address` in the stream that it was allocated for, or, where `others` use it
  /// too, in a stream of the pool's own that waits for all of them.
  virtual void free(Address address, std::span<const Stream> others) = 0;

  /// Gives memory back that holds nothing but free blocks, their frees having passed.
  virtual void trim() = 0;

  /// Blocks until every free has passed.
  virtual void wait_for_frees() noexcept = 0;

  /// Blocks until `stream` has done all its work.
  virtual void synchronize(Stream stream) noexcept = 0;

  /// Taken from the device, bytes.
  [[nodiscard]] virtual std::size_t reserved() const noexcept = 0;

  /// Each contiguous run of memory as a segment, live blocks with their requested bytes; none where the pool
  /// shows nothing of its layout.
  [[nodiscard]] virtual std::vector<SegmentSnapshot> snapshot() const = 0;
};

}  // namespace memsweep
