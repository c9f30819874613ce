// cudaMallocAsync: what the pool takes from the device, and when it gives it back.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "harness/base/bytes.h"
#include "harness/standin/control.h"

extern "C" cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, const void* accesses, std::size_t count);

namespace memsweep::standin {
namespace {

class StandinPool : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=100MiB,compute=on");
    ASSERT_EQ(cudaDeviceGetDefaultMemPool(&pool_, 0), cudaSuccess);
  }

  static void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    EXPECT_EQ(cudaMallocAsync(&pointer, bytes, nullptr), cudaSuccess);
    return pointer;
  }

  static void release(void* pointer) { EXPECT_EQ(cudaFreeAsync(pointer, nullptr), cudaSuccess); }

  [[nodiscard]] std::uint64_t level(cudaMemPoolAttr attribute) const {
    std::uint64_t value = 0;
    EXPECT_EQ(cudaMemPoolGetAttribute(pool_, attribute, &value), cudaSuccess);
    return value;
  }
  [[nodiscard]] std::uint64_t reserved() const { return level(cudaMemPoolAttrReservedMemCurrent); }

  void keep_everything() {
    std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    ASSERT_EQ(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &all), cudaSuccess);
  }

  static std::size_t free_bytes() {
    std::size_t free = 0, total = 0;
    EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
    return free;
  }

  cudaMemPool_t pool_ = nullptr;
};

TEST_F(StandinPool, MemoryIsTakenInPiecesOf32Megabytes) {
  allocate(1);
  EXPECT_EQ(reserved(), 32_MiB);
  EXPECT_EQ(level(cudaMemPoolAttrUsedMemCurrent), 512U);
  allocate(31_MiB);
  EXPECT_EQ(reserved(), 32_MiB) << "there is room left in the first piece";
  allocate(33_MiB);
  EXPECT_EQ(reserved(), 96_MiB);
  EXPECT_EQ(free_bytes(), 4_MiB);
  EXPECT_EQ(live(), (std::map<std::string, std::size_t>{{"cudaMallocAsync", 3}}));
}

TEST_F(StandinPool, AFreedBlockIsUsedAgainAndNeighboursMerge) {
  keep_everything();
  void* const first = allocate(10_MiB);
  void* const second = allocate(10_MiB);
  void* const third = allocate(10_MiB);
  release(first);
  EXPECT_EQ(allocate(10_MiB), first);
  release(second);
  release(first);
  release(third);
  EXPECT_EQ(allocate(32_MiB), first) << "all three and what is left behind them";
  EXPECT_EQ(reserved(), 32_MiB);
}

TEST_F(StandinPool, WhatIsOverTheThresholdIsGivenBackWhenSomebodyWaits) {
  release(allocate(1));
  EXPECT_EQ(reserved(), 32_MiB);
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  EXPECT_EQ(reserved(), 0U);
  keep_everything();
  release(allocate(1));
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(reserved(), 32_MiB);
}

TEST_F(StandinPool, ATrimGivesWholeFreePiecesBack) {
  keep_everything();
  void* const first = allocate(32_MiB);
  void* const second = allocate(32_MiB);
  void* const small = allocate(1);
  release(first);
  release(second);
  EXPECT_EQ(cudaMemPoolTrimTo(pool_, 64_MiB), cudaSuccess);
  EXPECT_EQ(reserved(), 64_MiB) << "one of them is enough";
  EXPECT_EQ(cudaMemPoolTrimTo(pool_, 0), cudaSuccess);
  EXPECT_EQ(reserved(), 32_MiB) << "in the last one somebody lives";
  release(small);
  EXPECT_EQ(cudaMemPoolTrimTo(pool_, 0), cudaSuccess);
  EXPECT_EQ(free_bytes(), 100_MiB);
}

TEST_F(StandinPool, OutOfMemoryIsAfterFreePiecesWereGivenBack) {
  keep_everything();
  release(allocate(32_MiB));
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 96_MiB, nullptr), cudaSuccess);
  EXPECT_EQ(cudaMallocAsync(&pointer, 1, nullptr), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
}

TEST_F(StandinPool, HighWaterMarksCanBeSetBack) {
  release(allocate(1_MiB));
  EXPECT_EQ(level(cudaMemPoolAttrUsedMemHigh), 1_MiB);
  std::uint64_t value = 0;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrUsedMemHigh, &value), cudaSuccess);
  EXPECT_EQ(level(cudaMemPoolAttrUsedMemHigh), 0U);
  value = 1;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReservedMemHigh, &value), cudaErrorInvalidValue);
}

TEST_F(StandinPool, BothWaysOfFreeingTakeItsBlocks) {
  void* const pointer = allocate(100);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(pointer, nullptr), cudaErrorInvalidValue) << "twice";
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue) << "the piece is the pool's";
  EXPECT_TRUE(live().empty());
}

TEST_F(StandinPool, EveryDeviceMayUseIt) { EXPECT_EQ(cudaMemPoolSetAccess(pool_, nullptr, 0), cudaSuccess); }

TEST_F(StandinPool, ItsMemoryIsMemory) {
  auto* const bytes = static_cast<char*>(allocate(1_MiB));
  EXPECT_EQ(cudaMemset(bytes, 7, 1_MiB), cudaSuccess);
  EXPECT_EQ(bytes[1_MiB - 1], 7);
}

}  // namespace
}  // namespace memsweep::standin
