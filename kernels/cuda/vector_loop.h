// Loops over elements in which a thread takes kVector at a time.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"

namespace memsweep::cuda {

/// Calls vector(first, count) for each kVector of [begin, n), of which there are fewer at the end; every
/// `threads`-th vector from vector number `thread` on.
template <class Vector>
__device__ void for_each_vector(std::int64_t begin, std::int64_t n, std::int64_t thread, std::int64_t threads,
                                Vector vector) {
  for (std::int64_t i = begin + thread * kVector; i < n; i += threads * kVector) {
    vector(i, n - i < kVector ? static_cast<int>(n - i) : kVector);
  }
}

/// Of [0, n), by all threads of the grid.
template <class Vector>
__device__ void for_each_vector_in_grid(std::int64_t n, Vector vector) {
  const std::int64_t thread = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  for_each_vector(0, n, thread, std::int64_t{gridDim.x} * blockDim.x, vector);
}

/// Of [begin, n), by all threads of the block.
template <class Vector>
__device__ void for_each_vector_in_block(std::int64_t begin, std::int64_t n, Vector vector) {
  for_each_vector(begin, n, threadIdx.x, blockDim.x, vector);
}

inline Grid grid_for_vectors(const CudaContext& context, std::int64_t n) {
  return grid_for(context, (n + kVector - 1) / kVector);
}

}  // namespace memsweep::cuda
