// How a norm over many tensors at once is cut up: each tensor in chunks, one partial result a chunk.
#pragma once

#include <cstdint>

namespace memsweep {

/// Elements; kChunkSize of aten/src/ATen/native/cuda/MultiTensorApply.cuh.
inline constexpr std::int64_t kNormChunk = 65'536;

[[nodiscard]] constexpr std::int64_t norm_chunks(std::int64_t elements) {
  return (elements + kNormChunk - 1) / kNormChunk;
}

}  // namespace memsweep
