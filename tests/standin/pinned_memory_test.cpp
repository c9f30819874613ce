// Host memory that devices reach, devices beside each other, and what they say of themselves.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>

#include "harness/standin/control.h"
#include "harness/standin/cudart/device_properties.h"

extern "C" cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);

namespace memsweep::standin {
namespace {

class StandinHostMemory : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB,devices=2,capability=80,multiprocessors=108,name=Two"); }

  cudaPointerAttributes attributes_of(const void* pointer) {
    cudaPointerAttributes found{};
    EXPECT_EQ(cudaPointerGetAttributes(&found, pointer), cudaSuccess);
    return found;
  }
};

TEST_F(StandinHostMemory, APointerTellsWhatItPointsTo) {
  void* pinned = nullptr;
  void* on_device = nullptr;
  int ordinary = 0;
  ASSERT_EQ(cudaHostAlloc(&pinned, 4096, cudaHostAllocDefault), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&on_device, 4096), cudaSuccess);
  EXPECT_EQ(attributes_of(static_cast<char*>(pinned) + 100).type, cudaMemoryTypeHost);
  EXPECT_EQ(attributes_of(&ordinary).type, cudaMemoryTypeUnregistered);
  EXPECT_EQ(attributes_of(on_device).type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes_of(on_device).device, 1);
  ASSERT_EQ(cudaFreeHost(pinned), cudaSuccess);
  EXPECT_EQ(attributes_of(pinned).type, cudaMemoryTypeUnregistered);
}

TEST_F(StandinHostMemory, MemoryCanBeRegisteredOnce) {
  std::array<char, 8192> memory{};
  ASSERT_EQ(cudaHostRegister(memory.data(), memory.size(), 0), cudaSuccess);
  EXPECT_EQ(cudaHostRegister(memory.data(), memory.size(), 0), cudaErrorHostMemoryAlreadyRegistered);
  void* seen = nullptr;
  EXPECT_EQ(cudaHostGetDevicePointer(&seen, memory.data(), 0), cudaSuccess);
  EXPECT_EQ(seen, memory.data());
  EXPECT_EQ(cudaHostUnregister(memory.data()), cudaSuccess);
  EXPECT_EQ(cudaHostUnregister(memory.data()), cudaErrorHostMemoryNotRegistered);
}

TEST_F(StandinHostMemory, DevicesReachEachOther) {
  int can = -1;
  EXPECT_EQ(cudaDeviceCanAccessPeer(&can, 0, 1), cudaSuccess);
  EXPECT_EQ(can, 1);
  EXPECT_EQ(cudaDeviceCanAccessPeer(&can, 0, 0), cudaSuccess);
  EXPECT_EQ(can, 0);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaSuccess);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessAlreadyEnabled);
  EXPECT_EQ(cudaDeviceDisablePeerAccess(1), cudaSuccess);
  EXPECT_EQ(cudaDeviceDisablePeerAccess(1), cudaErrorPeerAccessNotEnabled);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(2, 0), cudaErrorInvalidDevice);
}

TEST_F(StandinHostMemory, PropertiesAreThoseOfTheSettings) {
  cudaDeviceProp properties{};
  ASSERT_EQ(cudaGetDeviceProperties(&properties, 1), cudaSuccess);
  EXPECT_STREQ(properties.name, "Two");
  EXPECT_EQ(properties.totalGlobalMem, std::size_t{64} << 20);
  EXPECT_EQ(properties.major, 8);
  EXPECT_EQ(properties.minor, 0);
  EXPECT_EQ(properties.multiProcessorCount, 108);
  EXPECT_EQ(properties.maxThreadsPerMultiProcessor, 2048);
  EXPECT_EQ(properties.warpSize, 32);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 2), cudaErrorInvalidDevice);
}

}  // namespace
}  // namespace memsweep::standin
