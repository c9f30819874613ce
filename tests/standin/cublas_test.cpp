// cuBLAS as programs call it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
int cublasCreate_v2(void** handle);
int cublasDestroy_v2(void* handle);
int cublasSetPointerMode_v2(void* handle, int mode);
int cublasGetPointerMode_v2(void* handle, int* mode);
int cublasSetAtomicsMode(void* handle, int mode);
int cublasGetAtomicsMode(void* handle, int* mode);
int cublasSetSmCountTarget(void* handle, int multiprocessors);
int cublasGetSmCountTarget(void* handle, int* multiprocessors);
int cublasSetStream_v2(void* handle, cudaStream_t stream);
int cublasGetStream_v2(void* handle, cudaStream_t* stream);
int cublasSetWorkspace_v2(void* handle, void* workspace, std::size_t bytes);
int cublasGetMathMode(void* handle, int* mode);
int cublasSetMathMode(void* handle, int mode);
int cublasSdot_v2(void* handle, int count, const float* x, int, const float* y, int, float* result);
int cublasDdot_v2(void* handle, int count, const double* x, int, const double* y, int, double* result);
int cublasCdotu_v2(void* handle, int count, const void* x, int, const void* y, int, void* result);
int cublasCdotc_v2(void* handle, int count, const void* x, int, const void* y, int, void* result);
int cublasZdotu_v2(void* handle, int count, const void* x, int, const void* y, int, void* result);
int cublasZdotc_v2(void* handle, int count, const void* x, int, const void* y, int, void* result);
int cublasSgetrsBatched(void*, int, int, int, const void*, int, const int*, void*, int, int* info, int);
int cublasZgeqrfBatched(void*, int, int, void*, int, void*, int* info, int);
int cublasSgeqrfBatched(void*, int, int, void*, int, void*, int* info, int);
int cublasSgelsBatched(void*, int, int, int, int, void*, int, void*, int, int* info, int*, int);
int cublasDgelsBatched(void*, int, int, int, int, void*, int, void*, int, int* info, int*, int);
}

namespace memsweep::standin {
namespace {

class StandinCublas : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB"); }
};

TEST_F(StandinCublas, AHandleRemembersWhatWasSet) {
  void* handle = nullptr;
  cudaStream_t stream = nullptr, found = nullptr;
  ASSERT_EQ(cublasCreate_v2(&handle), 0);
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  EXPECT_EQ(cublasSetMathMode(handle, 3), 0);
  EXPECT_EQ(cublasSetPointerMode_v2(handle, 1), 0);
  EXPECT_EQ(cublasSetAtomicsMode(handle, 1), 0);
  EXPECT_EQ(cublasSetSmCountTarget(handle, 66), 0);
  EXPECT_EQ(cublasSetStream_v2(handle, stream), 0);
  int math = 0, pointers = 0, atomics = 0, multiprocessors = 0;
  EXPECT_EQ(cublasGetMathMode(handle, &math), 0);
  EXPECT_EQ(cublasGetPointerMode_v2(handle, &pointers), 0);
  EXPECT_EQ(cublasGetAtomicsMode(handle, &atomics), 0);
  EXPECT_EQ(cublasGetSmCountTarget(handle, &multiprocessors), 0);
  EXPECT_EQ((std::array{math, pointers, atomics, multiprocessors}), (std::array{3, 1, 1, 66}));
  EXPECT_EQ(cublasGetStream_v2(handle, &found), 0);
  EXPECT_EQ(found, stream);
  EXPECT_EQ(cublasDestroy_v2(handle), 0);
  EXPECT_EQ(cublasGetMathMode(handle, &math), 1) << "no handle any more";
  EXPECT_EQ(cublasSetStream_v2(handle, stream), 1);
}

TEST_F(StandinCublas, AWorkspaceIsItsCallersAndTakesNoMemory) {
  void* handle = nullptr;
  ASSERT_EQ(cublasCreate_v2(&handle), 0);
  EXPECT_EQ(cublasSetWorkspace_v2(handle, this, 8 << 20), 0);
  EXPECT_EQ(model().memory.free_bytes(0), model().memory.capacity());
  EXPECT_EQ(cublasSetWorkspace_v2(this, nullptr, 0), 1) << "no handle";
}

TEST_F(StandinCublas, ANumberForTheHostIsABlindRead) {
  void* handle = nullptr;
  ASSERT_EQ(cublasCreate_v2(&handle), 0);
  float result = 7;
  EXPECT_EQ(cublasSdot_v2(handle, 1, nullptr, 1, nullptr, 1, &result), 0);
  EXPECT_EQ(result, 0);
  EXPECT_EQ(model().observations.blind_reads, 1U);
  constexpr int kDevicePointers = 1;
  EXPECT_EQ(cublasSetPointerMode_v2(handle, kDevicePointers), 0);
  EXPECT_EQ(cublasSdot_v2(handle, 1, nullptr, 1, nullptr, 1, nullptr), 0);
  EXPECT_EQ(model().observations.blind_reads, 1U);
}

TEST_F(StandinCublas, AnInnerProductIsZeroOfItsOwnType) {
  void* handle = nullptr;
  ASSERT_EQ(cublasCreate_v2(&handle), 0);
  const auto zeroes = [](auto dot) {  // how many of the numbers in `result` it has set
    std::array<double, 3> result{7, 7, 7};
    EXPECT_EQ(dot(result.data()), 0);
    return static_cast<int>(std::count(result.begin(), result.end(), 0.0));
  };
  EXPECT_EQ(zeroes([&](double* to) { return cublasDdot_v2(handle, 1, nullptr, 1, nullptr, 1, to); }), 1);
  EXPECT_EQ(zeroes([&](void* to) { return cublasCdotu_v2(handle, 1, nullptr, 1, nullptr, 1, to); }), 1);
  EXPECT_EQ(zeroes([&](void* to) { return cublasCdotc_v2(handle, 1, nullptr, 1, nullptr, 1, to); }), 1);
  EXPECT_EQ(zeroes([&](void* to) { return cublasZdotu_v2(handle, 1, nullptr, 1, nullptr, 1, to); }), 2);
  EXPECT_EQ(zeroes([&](void* to) { return cublasZdotc_v2(handle, 1, nullptr, 1, nullptr, 1, to); }), 2);
  EXPECT_EQ(model().observations.blind_reads, 5U);
}

TEST_F(StandinCublas, BatchesTellTheHostThatTheyWereCalledWell) {
  int info = 7;
  EXPECT_EQ(cublasSgetrsBatched(nullptr, 0, 4, 1, nullptr, 4, nullptr, nullptr, 4, &info, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasZgeqrfBatched(nullptr, 4, 4, nullptr, 4, nullptr, &info, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasSgeqrfBatched(nullptr, 4, 4, nullptr, 4, nullptr, &info, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasDgelsBatched(nullptr, 0, 4, 4, 1, nullptr, 4, nullptr, 4, &info, nullptr, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasSgelsBatched(nullptr, 0, 4, 4, 1, nullptr, 4, nullptr, 4, &info, nullptr, 2), 0);
  EXPECT_EQ(info, 0);
}

TEST_F(StandinCublas, WhatABatchTellsStaysWhereTheDeviceIsLost) {
  set_faults({"cudaDeviceSynchronize:1:cudaErrorIllegalAddress"});
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  int info = 7;
  EXPECT_EQ(cublasSgeqrfBatched(nullptr, 4, 4, nullptr, 4, nullptr, &info, 2), 13);
  EXPECT_EQ(info, 7);
}

}  // namespace
}  // namespace memsweep::standin
