// Host memory that a GPU copies to and from by itself.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <vector>

#include "harness/device/cuda/failures.h"
#include "harness/memory/segment_source.h"

namespace memsweep {

/// Kept for the next user once it was taken: to pin memory takes longer than to copy it. Only one stream ever
/// touches it, in its own order, so that nobody has to wait before it is used again.
class PinnedMemory {
 public:
  explicit PinnedMemory(Failures& failures) : failures_(failures) {}
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  /// Throws CudaError.
  [[nodiscard]] Address allocate(std::size_t bytes);
  void free(Address address) noexcept;

 private:
  struct Block {
    std::size_t bytes;
    bool used;
  };
  Failures& failures_;
  std::map<Address, Block> blocks_;
};

}  // namespace memsweep
