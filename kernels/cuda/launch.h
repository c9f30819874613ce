// How kernels are started: what a launch needs beside the kernel's own arguments.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/bodies.h"
#include "kernels/cuda/check.h"

namespace memsweep::cuda {

struct Grid {
  unsigned blocks = 1;
  unsigned threads = 1;  // a block
};

inline constexpr unsigned kThreads = 256;
/// Blocks a multiprocessor that hide the latency of memory at kThreads each.
inline constexpr unsigned kBlocksEach = 8;

/// Enough threads for `items`, each of which takes as many as are left: kernels stride by the whole grid.
inline Grid grid_for(const CudaContext& context, std::int64_t items) {
  const std::int64_t needed = (items + kThreads - 1) / kThreads;
  const std::int64_t most = std::max(1, context.multiprocessors.count) * std::int64_t{kBlocksEach};
  return {static_cast<unsigned>(std::clamp<std::int64_t>(needed, 1, most)), kThreads};
}

/// A block a row; kernels stride by the grid where there are more rows than blocks can be.
inline Grid grid_of_rows(std::int64_t rows, unsigned threads = kThreads) {
  constexpr std::int64_t kMostBlocks = 1 << 20;
  return {static_cast<unsigned>(std::clamp<std::int64_t>(rows, 1, kMostBlocks)), threads};
}

/// Queues `kernel`. Arguments are converted to the types of its parameters, which are copied here.
template <class... Parameters>
void launch(const CudaContext& context, Grid grid, void (*kernel)(Parameters...),
            std::type_identity_t<Parameters>... arguments) {
  void* pointers[] = {const_cast<void*>(static_cast<const void*>(&arguments))..., nullptr};
  check(cudaLaunchKernel(kernel, dim3(grid.blocks), dim3(grid.threads), pointers, 0, context.stream),
        "cudaLaunchKernel");
}

}  // namespace memsweep::cuda
