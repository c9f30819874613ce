// Loops that the threads of a whole grid share.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace memsweep::cuda {

/// Calls element(i) for each i in [0, n), each by one thread; neighbours take neighbours.
template <class Element>
__device__ void for_each_in_grid(std::int64_t n, Element element) {
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) element(i);
}

}  // namespace memsweep::cuda
