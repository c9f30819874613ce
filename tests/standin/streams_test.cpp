// Streams, events and launches.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <climits>

#include "harness/standin/control.h"

// What nvcc writes calls of.
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

class StandinStreams : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB,compute=on"); }
};

TEST_F(StandinStreams, StreamsAndEventsLiveFromCreateToDestroy) {
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(live(), (std::map<std::string, std::size_t>{{"cudaStreamCreate", 1}, {"cudaEventCreate", 1}}));
  EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(nullptr, event), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_TRUE(live().empty());
}

TEST_F(StandinStreams, WhatWasDestroyedIsNoHandleAnyMore) {
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(reinterpret_cast<cudaEvent_t>(stream), nullptr), cudaErrorInvalidResourceHandle);
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, stream), cudaErrorInvalidResourceHandle);
  ASSERT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorInvalidResourceHandle);
}

TEST_F(StandinStreams, AFaultHoldsAnEventBack) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event), cudaSuccess);
  set_faults({"cudaEventQuery:every:cudaErrorNotReady"});
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady);
  set_faults({});
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
}

TEST_F(StandinStreams, TimeGoesOnBetweenEvents) {
  cudaEvent_t first = nullptr, second = nullptr, untimed = nullptr;
  ASSERT_EQ(cudaEventCreate(&first), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&second), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming), cudaSuccess);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, first, second), cudaErrorInvalidResourceHandle)
      << "not recorded";
  for (const cudaEvent_t event : {first, second, untimed}) ASSERT_EQ(cudaEventRecord(event), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, first, second), cudaSuccess);
  EXPECT_GE(milliseconds, 0);
  float back = 1;
  EXPECT_EQ(cudaEventElapsedTime(&back, second, first), cudaSuccess);
  EXPECT_EQ(back, -milliseconds);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, first, untimed), cudaErrorInvalidResourceHandle);
}

__global__ void write_thread(int* out, int add) {
  const auto thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  out[thread] = thread + add;
}

cudaError_t launch_write(int* out, dim3 grid, dim3 block) {
  int add = 10;
  void* arguments[] = {&out, &add};
  return cudaLaunchKernel(write_thread, grid, block, arguments);
}

TEST_F(StandinStreams, KernelsRunOnDeviceMemory) {
  void* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, 6 * sizeof(int)), cudaSuccess);
  EXPECT_EQ(launch_write(static_cast<int*>(out), 2, 3), cudaSuccess);
  int result[6] = {};
  EXPECT_EQ(cudaMemcpy(result, out, sizeof result, cudaMemcpyDeviceToHost), cudaSuccess);
  for (int thread = 0; thread < 6; ++thread) EXPECT_EQ(result[thread], thread + 10);
}

TEST_F(StandinStreams, WhereMemoryIsOnlyCountedKernelsAreToo) {
  reset("memory=64MiB");
  void* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, 6 * sizeof(int)), cudaSuccess);
  EXPECT_EQ(launch_write(static_cast<int*>(out), 2, 3), cudaSuccess);
  EXPECT_EQ(calls_of("cudaLaunchKernel"), 1U);
}

TEST_F(StandinStreams, LaunchesThatNoDeviceCouldTakeAreRefused) {
  EXPECT_EQ(launch_write(nullptr, 0, 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, 1, 1025), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, 1, dim3(32, 33)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch_write(nullptr, dim3(1, 65536), 1), cudaErrorInvalidConfiguration);
  void* arguments[] = {nullptr};
  const auto* const unknown = reinterpret_cast<const void*>(&launch_write);
  EXPECT_EQ(cudaLaunchKernel(unknown, 1, 1, arguments, 0, nullptr), cudaErrorInvalidDeviceFunction);
}

TEST_F(StandinStreams, KernelsThatNvccCompiledAreCountedAndNotRun) {
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

TEST_F(StandinStreams, AsManyBlocksFitAMultiprocessorAsItHasThreads) {
  const auto* const kernel = reinterpret_cast<const void*>(&write_thread);
  int blocks = 0;
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256, 0), cudaSuccess);
  EXPECT_EQ(blocks, 8);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 33, 0), cudaSuccess);
  EXPECT_EQ(blocks, 32) << "blocks are counted in whole warps, 32 at most";
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256, 100 * 1024), cudaSuccess);
  EXPECT_EQ(blocks, 2) << "shared memory is what there is too little of";
}

TEST_F(StandinStreams, TheDeviceAnswersWhatItIs) {
  reset("capability=86,multiprocessors=82,threads=1536,name=Some Card,devices=2");
  const auto attribute = [](cudaDeviceAttr which) {
    int value = -1;
    EXPECT_EQ(cudaDeviceGetAttribute(&value, which, 1), cudaSuccess);
    return value;
  };
  EXPECT_EQ(attribute(cudaDevAttrComputeCapabilityMajor), 8);
  EXPECT_EQ(attribute(cudaDevAttrComputeCapabilityMinor), 6);
  EXPECT_EQ(attribute(cudaDevAttrMultiProcessorCount), 82);
  EXPECT_EQ(attribute(cudaDevAttrMaxThreadsPerMultiProcessor), 1536);
  EXPECT_EQ(attribute(cudaDevAttrMaxGridDimX), INT_MAX);
  int value = 0;
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(9999), 0), cudaErrorInvalidValue);
  char bus_id[16] = {};
  EXPECT_EQ(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, 1), cudaSuccess);
  EXPECT_STREQ(bus_id, "0000:02:00.0");
}

}  // namespace
}  // namespace memsweep::standin
