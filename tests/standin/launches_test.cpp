// Launches of kernels and of functions of the host, what can be asked and set about kernels, and their
// variables.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "harness/standin/control.h"

// What the stand-in's header does not declare.
struct cudaLaunchConfig_st {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes;
  cudaStream_t stream;
};
extern "C" cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_st* launch, const void* function,
                                           void** arguments);
extern "C" cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block,
                                                   void** arguments, std::size_t shared_bytes,
                                                   cudaStream_t stream);
extern "C" cudaError_t cudaFuncSetAttribute(const void* function, int attribute, int value);
extern "C" cudaError_t cudaFuncSetCacheConfig(const void* function, int configuration);
extern "C" cudaError_t cudaProfilerStart();
extern "C" cudaError_t cudaProfilerStop();
extern "C" cudaError_t cudaGetSymbolAddress(void** pointer, const void* variable);
extern "C" cudaError_t cudaGetSymbolSize(std::size_t* bytes, const void* variable);
extern "C" cudaError_t cudaMemcpyToSymbol(const void* variable, const void* from, std::size_t bytes,
                                          std::size_t offset, cudaMemcpyKind kind);

// What nvcc writes calls of.
extern "C" void __cudaRegisterVar(void** binary, char* variable, char* device_variable, const char* name,
                                  int external, std::size_t bytes, int constant, int global);
extern "C" void __cudaRegisterFunction(void** binary, const char* function, char* device_function,
                                       const char* name, int threads, uint3*, uint3*, dim3*, dim3*, int*);
extern "C" unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_bytes,
                                                CUstream_st* stream);
extern "C" cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_bytes,
                                                  void* stream);
extern "C" cudaError_t __cudaGetKernel(const void** kernel, const void* function);
extern "C" cudaError_t __cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                                          std::size_t shared_bytes, cudaStream_t stream);

namespace memsweep::standin {
namespace {

class StandinLaunches : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB,compute=on"); }
};

__global__ void write_thread(int* out, int add) {
  const auto thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  out[thread] = thread + add;
}

cudaError_t launch_write(int* out, dim3 grid, dim3 block) {
  int add = 10;
  void* arguments[] = {&out, &add};
  return cudaLaunchKernel(write_thread, grid, block, arguments);
}

TEST_F(StandinLaunches, KernelsRunOnDeviceMemory) {
  void* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, 6 * sizeof(int)), cudaSuccess);
  EXPECT_EQ(launch_write(static_cast<int*>(out), 2, 3), cudaSuccess);
  int result[6] = {};
  EXPECT_EQ(cudaMemcpy(result, out, sizeof result, cudaMemcpyDeviceToHost), cudaSuccess);
  for (int thread = 0; thread < 6; ++thread) EXPECT_EQ(result[thread], thread + 10);
}

TEST_F(StandinLaunches, WhereMemoryIsOnlyCountedKernelsAreToo) {
  reset("memory=64MiB");
  void* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, 6 * sizeof(int)), cudaSuccess);
  EXPECT_EQ(launch_write(static_cast<int*>(out), 2, 3), cudaSuccess);
  EXPECT_EQ(calls_of("cudaLaunchKernel"), 1U);
}

TEST_F(StandinLaunches, LaunchesThatNoDeviceCouldTakeAreRefused) {
  EXPECT_EQ(launch_write(nullptr, 0, 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, 1, 1025), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, 1, dim3(32, 33)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, dim3(1, 65536), 1), cudaErrorInvalidConfiguration);
  void* arguments[] = {nullptr};
  const auto* const unknown = reinterpret_cast<const void*>(&launch_write);
  EXPECT_EQ(cudaLaunchKernel(unknown, 1, 1, arguments, 0, nullptr), cudaErrorInvalidDeviceFunction);
}

TEST_F(StandinLaunches, KernelsThatNvccCompiledAreCountedAndNotRun) {
  static const char function = 0;
  __cudaRegisterFunction(nullptr, &function, nullptr, "kernel", -1, nullptr, nullptr, nullptr, nullptr,
                         nullptr);
  EXPECT_EQ(__cudaPushCallConfiguration(dim3(2, 3), dim3(32), 64, nullptr), 0U);
  dim3 grid, block;
  std::size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(__cudaPopCallConfiguration(&grid, &block, &shared_bytes, &stream), cudaSuccess);
  EXPECT_EQ(grid.y, 3U);
  EXPECT_EQ(shared_bytes, 64U);
  EXPECT_EQ(__cudaPopCallConfiguration(&grid, &block, &shared_bytes, &stream), cudaErrorInvalidConfiguration);
  const void* kernel = nullptr;
  ASSERT_EQ(__cudaGetKernel(&kernel, &function), cudaSuccess);
  EXPECT_EQ(__cudaLaunchKernel(kernel, grid, block, nullptr, shared_bytes, stream), cudaSuccess);
  EXPECT_EQ(calls_of("cudaLaunchKernel"), 1U);
}

TEST_F(StandinLaunches, AsManyBlocksFitAMultiprocessorAsItHasThreads) {
  const auto* const kernel = reinterpret_cast<const void*>(&write_thread);
  int blocks = 0;
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256, 0), cudaSuccess);
  EXPECT_EQ(blocks, 8);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 33, 0), cudaSuccess);
  EXPECT_EQ(blocks, 32) << "blocks are counted in whole warps, 32 at most";
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256, 100 * 1024), cudaSuccess);
  EXPECT_EQ(blocks, 2) << "shared memory is what there is too little of";
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, kernel, 33, 0, 0), cudaSuccess);
  EXPECT_EQ(blocks, 32);
}

TEST_F(StandinLaunches, EveryWayToLaunchRunsTheKernel) {
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 6 * sizeof(int)), cudaSuccess);
  auto* out = static_cast<int*>(memory);
  int add = 20;
  void* arguments[] = {&out, &add};
  const auto* const kernel = reinterpret_cast<const void*>(&write_thread);
  const auto last = [&] {
    int result = 0;
    EXPECT_EQ(cudaMemcpy(&result, out + 5, sizeof result, cudaMemcpyDeviceToHost), cudaSuccess);
    return result;
  };
  const cudaLaunchConfig_st launch{2, 3, 0, nullptr};
  EXPECT_EQ(cudaLaunchKernelExC(&launch, kernel, arguments), cudaSuccess);
  EXPECT_EQ(last(), 25);
  add = 30;
  EXPECT_EQ(cudaLaunchCooperativeKernel(kernel, 2, 3, arguments, 0, nullptr), cudaSuccess);
  EXPECT_EQ(last(), 35);
  EXPECT_EQ(cudaLaunchCooperativeKernel(kernel, 0, 3, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
}

TEST_F(StandinLaunches, FunctionsOfTheHostAreCalledAtOnce) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  int calls = 0;
  const auto count = [](void* counter) { ++*static_cast<int*>(counter); };
  EXPECT_EQ(cudaLaunchHostFunc(stream, count, &calls), cudaSuccess);
  EXPECT_EQ(calls, 1);
  const auto count_success = [](cudaStream_t, cudaError_t status, void* counter) {
    *static_cast<int*>(counter) += status == cudaSuccess ? 1 : 0;
  };
  EXPECT_EQ(cudaStreamAddCallback(stream, count_success, &calls, 0), cudaSuccess);
  EXPECT_EQ(calls, 2);
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaLaunchHostFunc(stream, count, &calls), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamAddCallback(stream, count_success, &calls, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(calls, 2);
}

TEST_F(StandinLaunches, AKernelIsOneForTheDevicesGeneration) {
  reset("capability=86");
  cudaFuncAttributes attributes{};
  ASSERT_EQ(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(&write_thread)), cudaSuccess);
  EXPECT_EQ(attributes.binaryVersion, 86);
  EXPECT_EQ(attributes.ptxVersion, 86);
  EXPECT_EQ(attributes.maxThreadsPerBlock, 1024);
  EXPECT_EQ(attributes.localSizeBytes, 0U) << "whoever adds it up would find memory that nobody takes";
}

TEST_F(StandinLaunches, WhatIsSetAboutKernelsChangesNothingAndNeedsADevice) {
  const auto* const kernel = reinterpret_cast<const void*>(&write_thread);
  EXPECT_EQ(cudaFuncSetAttribute(kernel, 8, 64 * 1024), cudaSuccess);
  EXPECT_EQ(cudaFuncSetCacheConfig(kernel, 1), cudaSuccess);
  EXPECT_EQ(cudaProfilerStart(), cudaSuccess);
  EXPECT_EQ(cudaProfilerStop(), cudaSuccess);
  set_faults({"cudaDeviceSynchronize:1:cudaErrorIllegalAddress"});
  ASSERT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaFuncSetAttribute(kernel, 8, 64 * 1024), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaProfilerStart(), cudaErrorIllegalAddress);
}

TEST_F(StandinLaunches, AVariableOfDeviceCodeHasAPlaceAndASize) {
  static char registered[4], other[4], unknown;
  __cudaRegisterVar(nullptr, registered, nullptr, "table", 0, 4000, 1, 0);
  __cudaRegisterVar(nullptr, other, nullptr, "scale", 0, 4, 1, 0);
  void *first = nullptr, *second = nullptr;
  ASSERT_EQ(cudaGetSymbolAddress(&first, registered), cudaSuccess);
  ASSERT_EQ(cudaGetSymbolAddress(&second, other), cudaSuccess);
  EXPECT_GE(static_cast<char*>(second) - static_cast<char*>(first), 4000);
  std::size_t bytes = 0;
  EXPECT_EQ(cudaGetSymbolSize(&bytes, registered), cudaSuccess);
  EXPECT_EQ(bytes, 4000U);
  const int numbers[2] = {1, 2};
  EXPECT_EQ(cudaMemcpyToSymbol(registered, numbers, 8, 3992, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpyToSymbol(registered, numbers, 8, 3993, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetSymbolAddress(&first, &unknown), cudaErrorInvalidSymbol);
  EXPECT_EQ(cudaMemcpyToSymbol(&unknown, numbers, 4, 0, cudaMemcpyHostToDevice), cudaErrorInvalidSymbol);
}

}  // namespace
}  // namespace memsweep::standin
