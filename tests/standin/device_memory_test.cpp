// cudaMalloc and cudaFree: how much there is, and where.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "harness/base/bytes.h"
#include "harness/standin/control.h"

namespace memsweep::standin {
namespace {

constexpr std::uintptr_t kFirst = 0x200000000000;

std::uintptr_t allocate(std::size_t bytes) {
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, bytes), cudaSuccess);
  return reinterpret_cast<std::uintptr_t>(pointer);
}

void release(std::uintptr_t address) { EXPECT_EQ(cudaFree(reinterpret_cast<void*>(address)), cudaSuccess); }

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  return free;
}

class StandinMemory : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { reset(std::string("memory=64MiB,context=10MiB,devices=2,compute=") + GetParam()); }
};

TEST_P(StandinMemory, AddressesAreTheLowestFreeOnesInPagesOfTwoMegabytes) {
  EXPECT_EQ(allocate(1), kFirst);
  EXPECT_EQ(allocate(3_MiB), kFirst + 2_MiB);
  EXPECT_EQ(allocate(2_MiB), kFirst + 6_MiB);
  release(kFirst + 2_MiB);
  EXPECT_EQ(allocate(5_MiB), kFirst + 8_MiB) << "does not fit the gap";
  EXPECT_EQ(allocate(4_MiB), kFirst + 2_MiB) << "fits it";
}

TEST_P(StandinMemory, EachDeviceHasAddressesAndMemoryOfItsOwn) {
  allocate(40_MiB);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(free_bytes(), 54_MiB);
  EXPECT_EQ(allocate(2_MiB), kFirst + (std::uintptr_t{1} << 40));
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(free_bytes(), 14_MiB);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
}

TEST_P(StandinMemory, TheLastByteCanBeHadAndNotOneMore) {
  EXPECT_EQ(free_bytes(), 54_MiB);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 54_MiB + 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&pointer, ~std::size_t{0}), cudaErrorMemoryAllocation);
  const std::uintptr_t all = allocate(54_MiB);
  EXPECT_EQ(free_bytes(), 0U);
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorMemoryAllocation);
  release(all);
  EXPECT_EQ(free_bytes(), 54_MiB);
}

TEST_P(StandinMemory, NothingIsAnAllocationOfNothing) {
  EXPECT_EQ(allocate(0), 0U);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_TRUE(live().empty());
}

TEST_P(StandinMemory, WhatIsFreedTwiceOrWasNeverAllocatedIsAnError) {
  const std::uintptr_t address = allocate(4_MiB);
  EXPECT_EQ(cudaFree(reinterpret_cast<void*>(address + 512)), cudaErrorInvalidValue);
  release(address);
  EXPECT_EQ(cudaFree(reinterpret_cast<void*>(address)), cudaErrorInvalidValue);
}

TEST_P(StandinMemory, WhatIsNotFreedIsCounted) {
  const std::uintptr_t address = allocate(4_MiB);
  allocate(4_MiB);
  void* host = nullptr;
  ASSERT_EQ(cudaMallocHost(&host, 100), cudaSuccess);
  EXPECT_EQ(live(), (std::map<std::string, std::size_t>{{"cudaMalloc", 2}, {"cudaHostAlloc", 1}}));
  release(address);
  ASSERT_EQ(cudaFreeHost(host), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(host), cudaErrorInvalidValue);
  EXPECT_EQ(live(), (std::map<std::string, std::size_t>{{"cudaMalloc", 1}}));
}

INSTANTIATE_TEST_SUITE_P(Compute, StandinMemory, testing::Values("off", "on"),
                         [](const auto& each) { return std::string(each.param); });

TEST(StandinCopies, DeviceMemoryHoldsWhatWasCopiedThere) {
  reset("compute=on,memory=64MiB");
  auto* const first = reinterpret_cast<void*>(allocate(100));
  auto* const second = reinterpret_cast<void*>(allocate(100));
  char text[] = "some bytes";
  EXPECT_EQ(cudaMemcpy(first, text, sizeof text, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(second, first, sizeof text, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(second, '-', 4), cudaSuccess);
  char back[sizeof text] = {};
  EXPECT_EQ(cudaMemcpy(back, second, sizeof back, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_STREQ(back, "---- bytes");
}

TEST(StandinCopies, DevicesCopyToEachOther) {
  reset("compute=on,memory=64MiB,devices=2");
  void* here = nullptr;
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&here, 100), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  auto* const there = reinterpret_cast<void*>(allocate(100));
  char text[] = "some bytes", back[sizeof text] = {};
  EXPECT_EQ(cudaMemcpy(there, text, sizeof text, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpyPeerAsync(here, 1, there, 0, sizeof text, nullptr), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(back, here, sizeof back, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_STREQ(back, text);
  EXPECT_EQ(cudaMemcpyPeerAsync(here, 1, text, 0, sizeof text, nullptr), cudaErrorInvalidValue)
      << "of the host";
}

TEST(StandinCopies, WhereMemoryIsOnlyCountedZerosAreRead) {
  reset("memory=64MiB");
  auto* const device = reinterpret_cast<void*>(allocate(100));
  char text[] = "some bytes";
  EXPECT_EQ(cudaMemcpy(text, device, 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(std::memcmp(text, "\0\0\0\0 bytes", sizeof text - 1), 0);
  char other[sizeof text] = {};
  EXPECT_EQ(cudaMemcpy(other, text, sizeof text, cudaMemcpyHostToHost), cudaSuccess);
  EXPECT_EQ(std::memcmp(other, text, sizeof text), 0);
}

TEST(StandinCopies, NewMemoryHoldsNoNumbersWhereThatWasAskedFor) {
  reset("compute=on,memory=64MiB");
  EXPECT_EQ(*reinterpret_cast<const float*>(allocate(8)), 0.0F);
  reset("compute=on,garbage=on,memory=64MiB");
  EXPECT_TRUE(std::isnan(*reinterpret_cast<const float*>(allocate(8))));
}

TEST(StandinCopies, DeviceMemoryThatIsNotThereIsAnError) {
  reset("compute=on,memory=64MiB");
  const std::uintptr_t address = allocate(2_MiB);
  char text[8] = {};
  const auto at = [](std::uintptr_t place) { return reinterpret_cast<void*>(place); };
  EXPECT_EQ(cudaMemcpy(at(address + 2_MiB - 7), text, 8, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(text, text, 8, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(text, 0, 8), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(at(address), text, 8, static_cast<cudaMemcpyKind>(9)),
            cudaErrorInvalidMemcpyDirection);
  release(address);
  EXPECT_EQ(cudaMemcpy(text, at(address), 8, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(at(address), text, 0, cudaMemcpyHostToDevice), cudaSuccess) << "nothing is copied";
}

TEST(StandinCopies, MemoryThatWasFreedIsGone) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  reset("compute=on,memory=64MiB");
  auto* const bytes = reinterpret_cast<volatile char*>(allocate(100));
  bytes[0] = 1;
  release(reinterpret_cast<std::uintptr_t>(bytes));
  EXPECT_DEATH(bytes[0] = 2, "");
}

}  // namespace
}  // namespace memsweep::standin
