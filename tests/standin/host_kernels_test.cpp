#include "harness/standin/host_kernels.h"

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

namespace memsweep::standin {
namespace {

/// Registers a kernel and runs it.
template <class... Parameters>
void run(Dim3 grid, Dim3 block, void (*kernel)(Parameters...),
         std::type_identity_t<Parameters>... arguments) {
  const auto* function = reinterpret_cast<const void*>(kernel);
  register_host_kernel(function, [](const void* registered, void** pointers) {
    run_thread<Parameters...>(registered, pointers, std::index_sequence_for<Parameters...>{});
  });
  void* pointers[] = {&arguments..., nullptr};
  ASSERT_TRUE(run_host_kernel(function, grid, block, pointers));
}

__global__ void number_kernel(int* y) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  y[i] += static_cast<int>(i);
}

TEST(HostKernels, EveryThreadOfEveryBlockRunsOnce) {
  std::vector<int> y(2 * 3 * 4 * 5 * 6 * 7, 1), expected(y.size());
  run({2, 3, 4}, {5, 6, 7}, number_kernel, y.data());
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(y, expected);
}

/// Each thread reads what another one wrote before the barrier, again and again.
__global__ void rotate_kernel(int* y, int times) {
  __shared__ int values[100];
  values[threadIdx.x] = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  for (int i = 0; i < times; ++i) {
    __syncthreads();
    const int next = values[(threadIdx.x + 1) % blockDim.x];
    __syncthreads();
    values[threadIdx.x] = next;
  }
  y[blockIdx.x * blockDim.x + threadIdx.x] = values[threadIdx.x];
}

TEST(HostKernels, ABarrierIsPassedWhenAllThreadsOfTheBlockHaveComeToIt) {
  std::vector<int> y(300);
  run({3}, {100}, rotate_kernel, y.data(), 7);
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(y[static_cast<std::size_t>(i)], i / 100 * 100 + (i % 100 + 7) % 100);
}

__global__ void exchange_kernel(double* y) {
  const double mine = threadIdx.x;
  double sum = 0;
  for (int mask = 1; mask < warpSize; mask *= 2) sum += 100 * __shfl_xor_sync(~0U, mine, mask);
  y[threadIdx.x] = sum;
}

TEST(HostKernels, LanesOfAWarpExchangeValues) {
  std::vector<double> y(64);
  run({1}, {64}, exchange_kernel, y.data());
  for (unsigned i = 0; i < 64; ++i) {
    EXPECT_EQ(y[i], 100.0 * ((i ^ 1) + (i ^ 2) + (i ^ 4) + (i ^ 8) + (i ^ 16)));
  }
}

TEST(HostKernels, ALaneThatIsNotThereGivesTheCallersOwnValue) {
  std::vector<double> y(3);
  run({1}, {3}, exchange_kernel, y.data());
  EXPECT_EQ(y[0], 100.0 * (1 + 2 + 0 + 0 + 0));
  EXPECT_EQ(y[2], 100.0 * (2 + 0 + 2 + 2 + 2));
}

__global__ void half_wait_kernel() {
  if (threadIdx.x % 2 == 0) __syncthreads();
}

TEST(HostKernels, AThreadThatWaitsForOneThatReturnedEndsTheProcess) {
  EXPECT_DEATH(run({1}, {64}, half_wait_kernel), "a kernel hangs: threads of block \\(0, 0, 0\\)");
}

TEST(HostKernels, AFunctionThatNobodyRegisteredDoesNotRun) {
  const int unknown = 0;
  EXPECT_FALSE(run_host_kernel(&unknown, {}, {}, nullptr));
}

}  // namespace
}  // namespace memsweep::standin
