// CUDA's kernel language as plain C++, as much of it as kernels/cuda speaks: kernels run on the host
// (harness/standin/host_kernels.h).
#pragma once

#include <cuda_runtime_api.h>
#include <math.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "harness/standin/host_kernels.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __shared__ static thread_local

using memsweep::standin::blockDim;
using memsweep::standin::blockIdx;
using memsweep::standin::gridDim;
using memsweep::standin::threadIdx;
using memsweep::standin::warpSize;

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

namespace memsweep::standin {

template <class... Parameters, std::size_t... I>
void run_thread(const void* function, void** arguments, std::index_sequence<I...>) {
  const auto kernel = reinterpret_cast<void (*)(Parameters...)>(const_cast<void*>(function));
  kernel(*static_cast<Parameters*>(arguments[I])...);
}

/// The lane of this thread in its warp.
inline unsigned lane() {
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  return thread % static_cast<unsigned>(warpSize);
}

/// `value` of lane `from`; where the warp's part of `width` lanes that this thread is in has no such lane,
/// its own. All lanes of the warp take part.
template <class T>
T shuffle(T value, unsigned from, int width) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  const unsigned part = lane() / static_cast<unsigned>(width);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = exchange_in_warp(bits, from / static_cast<unsigned>(width) == part ? from : lane());
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace memsweep::standin

/// Queues a kernel; afterwards it is known by its address, too.
template <class... Parameters>
cudaError_t cudaLaunchKernel(void (*kernel)(Parameters...), dim3 grid, dim3 block, void** arguments,
                             std::size_t shared_bytes = 0, cudaStream_t stream = nullptr) {
  const auto* function = reinterpret_cast<const void*>(kernel);
  memsweep::standin::register_host_kernel(function, [](const void* registered, void** pointers) {
    memsweep::standin::run_thread<Parameters...>(registered, pointers,
                                                 std::index_sequence_for<Parameters...>{});
  });
  return cudaLaunchKernel(function, grid, block, arguments, shared_bytes, stream);
}

inline void __syncthreads() { memsweep::standin::wait_for_block(); }
inline void __syncwarp(unsigned = ~0U) {
  static_cast<void>(memsweep::standin::exchange_in_warp(0, memsweep::standin::lane()));
}

template <class T>
T __shfl_sync(unsigned, T value, int from, int width = warpSize) {
  const unsigned lane = memsweep::standin::lane(), size = static_cast<unsigned>(width);
  return memsweep::standin::shuffle(value, lane / size * size + static_cast<unsigned>(from) % size, width);
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask, int width = warpSize) {
  return memsweep::standin::shuffle(value, memsweep::standin::lane() ^ static_cast<unsigned>(mask), width);
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned delta, int width = warpSize) {
  return memsweep::standin::shuffle(value, memsweep::standin::lane() + delta, width);
}

/// Rounded once each: never fused with another operation.
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }

inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
