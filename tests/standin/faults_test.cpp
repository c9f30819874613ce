// Calls that are made to fail, what is remembered of it, and what is left at exit.
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/errors.h"
#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

namespace memsweep::standin {
namespace {

cudaError_t allocate() {
  void* pointer = nullptr;
  return cudaMalloc(&pointer, 1);
}

class StandinErrors : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=64MiB");
    static_cast<void>(cudaGetLastError());
  }
};

TEST_F(StandinErrors, TheCallThatWasNamedFailsAndDoesNothing) {
  set_faults({"cudaMalloc:2:cudaErrorMemoryAllocation"});
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(allocate(), cudaErrorMemoryAllocation);
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(calls_of("cudaMalloc"), 3U);
  EXPECT_EQ(live().at("cudaMalloc"), 2U);
}

TEST_F(StandinErrors, AFaultMayLast) {
  set_faults({"cudaMalloc:2+:cudaErrorMemoryAllocation", "cudaMallocHost:every:cudaErrorMemoryAllocation"});
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(allocate(), cudaErrorMemoryAllocation);
  EXPECT_EQ(allocate(), cudaErrorMemoryAllocation);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocHost(&pointer, 1), cudaErrorMemoryAllocation);
  set_faults({});
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(calls_of("cudaMalloc"), 1U) << "counted from set_faults() on";
}

TEST_F(StandinErrors, TheLastErrorIsRememberedUntilItIsRead) {
  set_faults({"cudaMalloc:1:cudaErrorMemoryAllocation"});
  EXPECT_EQ(allocate(), cudaErrorMemoryAllocation);
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(StandinErrors, AfterAnIllegalAddressEveryCallFailsOnThatDevice) {
  reset("memory=64MiB,devices=2,fail=cudaDeviceSynchronize:1:cudaErrorIllegalAddress");
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(allocate(), cudaErrorIllegalAddress);
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaErrorIllegalAddress);
  EXPECT_EQ(cuMemGetInfo(&free, &total), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress) << "it cannot be cleared";
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess) << "needs no context";
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(allocate(), cudaSuccess);
}

TEST_F(StandinErrors, OutOfMemoryBreaksNothing) {
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, std::size_t{65} << 20), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(allocate(), cudaSuccess);
}

TEST_F(StandinErrors, ErrorsHaveNamesAndMeanings) {
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
  EXPECT_STREQ(cudaGetErrorString(static_cast<cudaError_t>(12345)), "unrecognized error code");
  const char* text = nullptr;
  EXPECT_EQ(cuGetErrorName(CUDA_ERROR_OUT_OF_MEMORY, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "CUDA_ERROR_OUT_OF_MEMORY");
  EXPECT_EQ(cuGetErrorString(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "an illegal memory access was encountered");
  EXPECT_EQ(cuGetErrorName(static_cast<CUresult>(12345), &text), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(StandinErrors, AFaultThatNamesNoErrorIsRefused) {
  EXPECT_THROW(set_faults({"cudaMalloc:1:cudaErrorOutOfCoffee"}), UsageError);
}

/// Each of these runs in a process of its own, in which nobody has used the devices yet.
class StandinProcess : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

[[noreturn]] void use_device_and_exit(const char* settings, bool free_all) {
  setenv("MEMSWEEP_STANDIN", settings, 1);
  void* pointer = nullptr;
  const bool allocated = cudaMalloc(&pointer, 1) == cudaSuccess;
  if (free_all) static_cast<void>(cudaFree(pointer));
  std::exit(allocated ? 0 : 1);
}

TEST_F(StandinProcess, TheEnvironmentDescribesTheDevices) {
  EXPECT_EXIT(use_device_and_exit("memory=1MiB", true), testing::ExitedWithCode(1), "");
  EXPECT_EXIT(use_device_and_exit("memory=2MiB", true), testing::ExitedWithCode(0), "");
}

TEST_F(StandinProcess, AMistakeInTheEnvironmentEndsTheProgramWithASentence) {
  EXPECT_EXIT(use_device_and_exit("memory=2MiB,compute=maybe", true), testing::ExitedWithCode(2),
              "MEMSWEEP_STANDIN, compute: \"maybe\" is neither on nor off");
}

TEST_F(StandinProcess, WhatIsLeftAtExitIsListedWhereThatWasAskedFor) {
  EXPECT_EXIT(use_device_and_exit("leaks=on", false), testing::ExitedWithCode(kLeakStatus),
              "at exit 1 of cudaMalloc are still there");
  EXPECT_EXIT(use_device_and_exit("leaks=on", true), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(use_device_and_exit("", false), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace memsweep::standin
