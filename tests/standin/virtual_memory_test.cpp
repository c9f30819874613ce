// Addresses and memory apart, by the driver's functions.
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "harness/base/bytes.h"
#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" CUresult cuMemsetD32Async(CUdeviceptr pointer, unsigned int value, size_t count, CUstream stream);

namespace memsweep::standin {
namespace {

constexpr CUdeviceptr kFirst = 0x300000000000;

CUmemAllocationProp of_device(int device) {
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, device};
  return properties;
}

CUdeviceptr reserve(std::size_t bytes) {
  CUdeviceptr pointer = 0;
  EXPECT_EQ(cuMemAddressReserve(&pointer, bytes, 0, 0, 0), CUDA_SUCCESS);
  return pointer;
}

CUmemGenericAllocationHandle create(std::size_t bytes) {
  CUmemGenericAllocationHandle handle = 0;
  const CUmemAllocationProp properties = of_device(0);
  EXPECT_EQ(cuMemCreate(&handle, bytes, &properties, 0), CUDA_SUCCESS);
  return handle;
}

CUresult allow_access(CUdeviceptr pointer, std::size_t bytes) {
  const CUmemAccessDesc access{{CU_MEM_LOCATION_TYPE_DEVICE, 0}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  return cuMemSetAccess(pointer, bytes, &access, 1);
}

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cuMemGetInfo(&free, &total), CUDA_SUCCESS);
  return free;
}

class StandinVirtualMemory : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { reset(std::string("memory=16MiB,compute=") + GetParam()); }
};

TEST_P(StandinVirtualMemory, AddressesCostNothingAndPagesCountWhenTheyAreCreated) {
  EXPECT_EQ(reserve(1_GiB), kFirst);
  EXPECT_EQ(reserve(1_GiB), kFirst + 1_GiB);
  EXPECT_EQ(free_bytes(), 16_MiB);
  create(4_MiB);
  EXPECT_EQ(free_bytes(), 12_MiB);
  CUmemGenericAllocationHandle handle = 0;
  const CUmemAllocationProp properties = of_device(0);
  EXPECT_EQ(cuMemCreate(&handle, 14_MiB, &properties, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemCreate(&handle, 1_MiB, &properties, 0), CUDA_ERROR_INVALID_VALUE) << "half a page";
}

TEST_P(StandinVirtualMemory, PagesLiveUntilTheyAreReleasedAndMappedNowhere) {
  const CUdeviceptr pointer = reserve(8_MiB);
  const CUmemGenericAllocationHandle handle = create(2_MiB);
  ASSERT_EQ(cuMemMap(pointer, 2_MiB, 0, handle, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  EXPECT_EQ(free_bytes(), 14_MiB);
  ASSERT_EQ(cuMemUnmap(pointer, 2_MiB), CUDA_SUCCESS);
  EXPECT_EQ(free_bytes(), 16_MiB);
  EXPECT_EQ(cuMemRelease(handle), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemAddressFree(pointer, 8_MiB), CUDA_SUCCESS);
  EXPECT_TRUE(live().empty());
}

TEST_P(StandinVirtualMemory, MemoryCanBeUsedOnceAccessIsAllowed) {
  const CUdeviceptr pointer = reserve(8_MiB);
  ASSERT_EQ(cuMemMap(pointer, 2_MiB, 0, create(2_MiB), 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(pointer + 2_MiB, 2_MiB, 0, create(2_MiB), 0), CUDA_SUCCESS);
  auto* const across = reinterpret_cast<void*>(pointer + 2_MiB - 2);
  EXPECT_EQ(cudaMemset(across, 1, 4), cudaErrorInvalidValue);
  ASSERT_EQ(allow_access(pointer, 4_MiB), CUDA_SUCCESS);
  EXPECT_EQ(cudaMemset(across, 1, 4), cudaSuccess) << "two mappings side by side";
  EXPECT_EQ(cudaMemset(reinterpret_cast<void*>(pointer + 4_MiB - 2), 1, 4), cudaErrorInvalidValue);
}

TEST_P(StandinVirtualMemory, WhatDoesNotFitTogetherIsRefused) {
  const CUdeviceptr pointer = reserve(8_MiB);
  const CUmemGenericAllocationHandle handle = create(4_MiB);
  EXPECT_EQ(cuMemMap(pointer, 2_MiB, 0, handle, 0), CUDA_ERROR_INVALID_VALUE) << "half a handle";
  EXPECT_EQ(cuMemMap(pointer + 6_MiB, 4_MiB, 0, handle, 0), CUDA_ERROR_INVALID_VALUE)
      << "beyond the addresses";
  EXPECT_EQ(cuMemMap(pointer, 4_MiB, 0, handle + 1, 0), CUDA_ERROR_INVALID_VALUE) << "no such handle";
  EXPECT_EQ(allow_access(pointer, 4_MiB), CUDA_ERROR_INVALID_VALUE) << "nothing mapped";
  ASSERT_EQ(cuMemMap(pointer + 2_MiB, 4_MiB, 0, handle, 0), CUDA_SUCCESS);
  for (const CUdeviceptr taken : {pointer, pointer + 2_MiB, pointer + 4_MiB}) {
    EXPECT_EQ(cuMemMap(taken, 4_MiB, 0, handle, 0), CUDA_ERROR_INVALID_VALUE) << "mapped already";
  }
  EXPECT_EQ(cuMemUnmap(pointer + 2_MiB, 2_MiB), CUDA_ERROR_INVALID_VALUE) << "half a mapping";
  EXPECT_EQ(cuMemAddressFree(pointer, 8_MiB), CUDA_ERROR_INVALID_VALUE) << "something is mapped";
  ASSERT_EQ(cuMemUnmap(pointer + 2_MiB, 4_MiB), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAddressFree(pointer, 4_MiB), CUDA_ERROR_INVALID_VALUE) << "half of the addresses";
}

TEST_P(StandinVirtualMemory, OnlyOrdinaryMemoryOfADeviceIsMade) {
  CUmemGenericAllocationHandle handle = 0;
  CUmemAllocationProp properties = of_device(1);
  EXPECT_EQ(cuMemCreate(&handle, 2_MiB, &properties, 0), CUDA_ERROR_INVALID_DEVICE);
  properties = of_device(0);
  properties.requestedHandleTypes = CU_MEM_HANDLE_TYPE_FABRIC;
  EXPECT_EQ(cuMemCreate(&handle, 2_MiB, &properties, 0), CUDA_ERROR_NOT_PERMITTED);
  properties = of_device(0);
  std::size_t granularity = 0;
  EXPECT_EQ(cuMemGetAllocationGranularity(&granularity, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
            CUDA_SUCCESS);
  EXPECT_EQ(granularity, 2_MiB);
}

INSTANTIATE_TEST_SUITE_P(Compute, StandinVirtualMemory, testing::Values("off", "on"),
                         [](const auto& each) { return std::string(each.param); });

TEST(StandinVirtualMemoryContents, PagesKeepWhatTheyHoldWhereverTheyAreMapped) {
  reset("memory=16MiB,compute=on");
  const CUdeviceptr pointer = reserve(8_MiB);
  const CUmemGenericAllocationHandle first = create(2_MiB), second = create(2_MiB);
  ASSERT_EQ(cuMemMap(pointer, 2_MiB, 0, first, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(pointer + 2_MiB, 2_MiB, 0, second, 0), CUDA_SUCCESS);
  ASSERT_EQ(allow_access(pointer, 4_MiB), CUDA_SUCCESS);
  std::memset(reinterpret_cast<void*>(pointer), 1, 2_MiB);
  std::memset(reinterpret_cast<void*>(pointer + 2_MiB), 2, 2_MiB);
  ASSERT_EQ(cuMemUnmap(pointer, 2_MiB), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(pointer + 6_MiB, 2_MiB, 0, first, 0), CUDA_SUCCESS);
  ASSERT_EQ(allow_access(pointer + 6_MiB, 2_MiB), CUDA_SUCCESS);
  EXPECT_EQ(*reinterpret_cast<const char*>(pointer + 8_MiB - 1), 1);
  EXPECT_EQ(*reinterpret_cast<const char*>(pointer + 2_MiB), 2);
}

TEST(StandinVirtualMemoryContents, NewPagesHoldNoNumbersWhereThatWasAskedFor) {
  reset("memory=16MiB,compute=on,garbage=on");
  const CUdeviceptr pointer = reserve(8_MiB);
  ASSERT_EQ(cuMemMap(pointer, 2_MiB, 0, create(2_MiB), 0), CUDA_SUCCESS);
  ASSERT_EQ(allow_access(pointer, 2_MiB), CUDA_SUCCESS);
  EXPECT_TRUE(std::isnan(*reinterpret_cast<const float*>(pointer + 2_MiB - 4)));
}

TEST(StandinVirtualMemoryContents, WordsAreFilled) {
  reset("memory=16MiB,compute=on");
  CUdeviceptr memory = 0;
  void* allocated = nullptr;
  ASSERT_EQ(cudaMalloc(&allocated, 16), cudaSuccess);
  memory = reinterpret_cast<CUdeviceptr>(allocated);
  ASSERT_EQ(cudaMemset(allocated, 0, 16), cudaSuccess);
  EXPECT_EQ(cuMemsetD32Async(memory, 0x01020304, 3, nullptr), CUDA_SUCCESS);
  unsigned words[4] = {};
  EXPECT_EQ(cudaMemcpy(words, allocated, 16, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(words[2], 0x01020304U);
  EXPECT_EQ(words[3], 0U);
  EXPECT_EQ(cuMemsetD32Async(1, 0, 1, nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST(StandinEntryPoints, DriverFunctionsAreFoundByNameAndVersion) {
  reset("");
  void* function = nullptr;
  cudaDriverEntryPointQueryResult result{};
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuMemCreate", &function, 12000, cudaEnableDefault, &result),
            cudaSuccess);
  EXPECT_EQ(result, cudaDriverEntryPointSuccess);
  EXPECT_EQ(function, reinterpret_cast<void*>(&cuMemCreate));
  EXPECT_EQ(cudaGetDriverEntryPoint("cuMemGetInfo", &function, cudaEnableDefault, &result), cudaSuccess);
  EXPECT_EQ(function, reinterpret_cast<void*>(&cuMemGetInfo));
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuMemCreate", &function, 10000, cudaEnableDefault, &result),
            cudaSuccess);
  EXPECT_EQ(result, cudaDriverEntryPointVersionNotSufficent);
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuMakeCoffee", &function, 13000, cudaEnableDefault, &result),
            cudaSuccess);
  EXPECT_EQ(result, cudaDriverEntryPointSymbolNotFound);
  EXPECT_EQ(function, nullptr);
}

TEST(StandinDriver, WhoWantsToReadItsLogHearsNothing) {
  reset("");
  const CUlogsCallback fail = [](void*, unsigned int, char*, std::size_t) { ADD_FAILURE(); };
  CUlogsCallbackHandle handle = nullptr;
  ASSERT_EQ(cuLogsRegisterCallback(fail, nullptr, &handle), CUDA_SUCCESS);
  EXPECT_NE(handle, nullptr);
  EXPECT_EQ(cuDeviceGet(nullptr, 1), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuLogsUnregisterCallback(handle), CUDA_SUCCESS);
  EXPECT_EQ(cuLogsRegisterCallback(fail, nullptr, nullptr), CUDA_SUCCESS);
}

TEST(StandinDriver, CodeIsLoadedFromAFileOrFromMemoryAndItsFunctionsAreLaunched) {
  reset("");
  CUmodule from_file = nullptr, from_memory = nullptr;
  ASSERT_EQ(cuModuleLoad(&from_file, "kernel.cubin"), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleLoadData(&from_memory, "code"), CUDA_SUCCESS);
  CUfunction function = nullptr;
  ASSERT_EQ(cuModuleGetFunction(&function, from_file, "triton_poi_fused_gelu_0"), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunchKernel(function, 1, 1, 1, 128, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_STREQ(model().observations.last_kernel, "triton_poi_fused_gelu_0");
  EXPECT_EQ(cuModuleUnload(from_memory), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleGetFunction(&function, nullptr, "none"), CUDA_ERROR_INVALID_HANDLE);
}

TEST(StandinDriver, DevicesHaveNamesAndAttributes) {
  reset("name=Some Card,devices=2,multiprocessors=82,memory=8GiB");
  EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
  int count = 0, version = 0, value = 0;
  EXPECT_EQ(cuDeviceGetCount(&count), CUDA_SUCCESS);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(cuDriverGetVersion(&version), CUDA_SUCCESS);
  EXPECT_EQ(version, 13000);
  CUdevice device = -1;
  EXPECT_EQ(cuDeviceGet(&device, 2), CUDA_ERROR_INVALID_DEVICE);
  ASSERT_EQ(cuDeviceGet(&device, 1), CUDA_SUCCESS);
  char name[32] = {};
  EXPECT_EQ(cuDeviceGetName(name, sizeof name, device), CUDA_SUCCESS);
  EXPECT_STREQ(name, "Some Card");
  EXPECT_EQ(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device), CUDA_SUCCESS);
  EXPECT_EQ(value, 82);
  std::size_t bytes = 0;
  EXPECT_EQ(cuDeviceTotalMem(&bytes, device), CUDA_SUCCESS);
  EXPECT_EQ(bytes, 8_GiB);
}

}  // namespace
}  // namespace memsweep::standin
