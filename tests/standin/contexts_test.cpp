// The driver's contexts: the primary one of each device.
#include <cuda.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "harness/standin/control.h"

namespace memsweep::standin {
namespace {

class StandinContexts : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=64MiB,devices=2");
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  }

  static bool is_active(CUdevice device) {
    unsigned flags = 7;
    int active = -1;
    EXPECT_EQ(cuDevicePrimaryCtxGetState(device, &flags, &active), CUDA_SUCCESS);
    EXPECT_EQ(flags, 0U);
    return active == 1;
  }

  static CUdevice current_device() {
    CUdevice device = -1;
    EXPECT_EQ(cuCtxGetDevice(&device), CUDA_SUCCESS);
    return device;
  }
};

TEST_F(StandinContexts, AContextIsActiveOnceItsDeviceIsUsed) {
  EXPECT_FALSE(is_active(1));
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  void* data = nullptr;
  ASSERT_EQ(cudaMalloc(&data, 1024), cudaSuccess);
  EXPECT_TRUE(is_active(1));
  unsigned flags = 0;
  int active = 0;
  EXPECT_EQ(cuDevicePrimaryCtxGetState(2, &flags, &active), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(StandinContexts, NoContextIsCurrentBeforeThereIsOne) {
  reset("memory=64MiB,devices=2");
  CUcontext current = reinterpret_cast<CUcontext>(this), retained = nullptr;
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, nullptr);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&retained, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, retained);
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxRetain(&retained, 2), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(StandinContexts, TheCurrentContextIsTheCurrentDevice) {
  CUcontext first = nullptr, second = nullptr;
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&first, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&second, 1), CUDA_SUCCESS);
  EXPECT_NE(first, second);
  EXPECT_EQ(cuCtxSetCurrent(second), CUDA_SUCCESS);
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 1);
  EXPECT_EQ(cuCtxSetCurrent(reinterpret_cast<CUcontext>(this)), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(current_device(), 1);
}

TEST_F(StandinContexts, WhatIsPoppedLeavesWhatWasBeneath) {
  CUcontext second = nullptr, popped = nullptr;
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&second, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxPushCurrent(second), CUDA_SUCCESS);
  EXPECT_EQ(current_device(), 1);
  EXPECT_EQ(cuCtxPopCurrent(&popped), CUDA_SUCCESS);
  EXPECT_EQ(popped, second);
  EXPECT_EQ(current_device(), 0);
  EXPECT_EQ(cuCtxPopCurrent(&popped), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxPushCurrent(nullptr), CUDA_ERROR_INVALID_CONTEXT);
}

}  // namespace
}  // namespace memsweep::standin
