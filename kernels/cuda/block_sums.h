// What the threads of a block find out together, the same for all of them and in an order that the block's
// size alone decides.
#pragma once

#include <cuda_runtime.h>

namespace memsweep::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kEveryLane = 0xFFFFFFFF;

struct Sum {
  static constexpr float kNone = 0;
  __device__ float operator()(float a, float b) const { return a + b; }
};

/// NaN if either is.
struct Largest {
  static constexpr float kNone = -INFINITY;
  __device__ float operator()(float a, float b) const { return a < b || isnan(b) ? b : a; }
};

template <class Join>
__device__ float over_warp(float value, Join join) {
  for (int step = kWarp / 2; step > 0; step /= 2)
    value = join(value, __shfl_xor_sync(kEveryLane, value, step));
  return value;
}

/// To be called by all threads of a block of whole warps.
template <class Join>
__device__ float over_block(float value, Join join) {
  __shared__ float of_warp[kWarp];
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  value = over_warp(value, join);
  if (lane == 0) of_warp[warp] = value;
  __syncthreads();
  value = over_warp(lane < blockDim.x / kWarp ? of_warp[lane] : Join::kNone, join);
  __syncthreads();  // before it is written again
  return value;
}

__device__ inline float warp_sum(float value) { return over_warp(value, Sum{}); }
__device__ inline float block_sum(float value) { return over_block(value, Sum{}); }

}  // namespace memsweep::cuda
