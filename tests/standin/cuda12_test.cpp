// The libraries of CUDA 12 beside those of CUDA 13, as callers that were compiled for 12 use them.
#include <cuda_runtime.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

namespace memsweep::standin {
namespace {

/// By the signature of CUDA 12's headers.
template <class Signature>
Signature* cuda12(const char* library, const char* name) {
  void* const handle = dlopen(library, RTLD_NOW);
  void* const found = handle == nullptr ? nullptr : dlvsym(handle, name, library);
  if (found == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<Signature*>(found);
}

template <class Signature>
Signature* runtime12(const char* name) {
  return cuda12<Signature>("libcudart.so.12", name);
}

class StandinCuda12 : public testing::Test {
 protected:
  void SetUp() override {
    reset("devices=2,memory=64MiB,context=4MiB,capability=80,multiprocessors=108,threads=2048");
  }
};

TEST_F(StandinCuda12, PropertiesOfADeviceHaveTheLayoutOfTheirTime) {
  alignas(8) std::array<std::byte, 1032 + 8> properties;
  properties.fill(std::byte{0x5a});
  const auto number_at = [&](std::size_t offset) {
    int number = 0;
    std::memcpy(&number, properties.data() + offset, sizeof(number));
    return number;
  };
  ASSERT_EQ(runtime12<int(void*, int)>("cudaGetDeviceProperties_v2")(properties.data(), 1), cudaSuccess);
  // Offsets of nvidia-cuda-runtime-cu12 12.4 and 12.8.
  EXPECT_EQ(number_at(360), 8);     // major
  EXPECT_EQ(number_at(388), 108);   // multiProcessorCount
  EXPECT_EQ(number_at(624), 2048);  // maxThreadsPerMultiProcessor
  EXPECT_EQ(number_at(1032), 0x5a5a5a5a);
  EXPECT_EQ(runtime12<int(void*, int)>("cudaGetDeviceProperties_v2")(properties.data(), 2),
            cudaErrorInvalidDevice);
}

TEST_F(StandinCuda12, PointerAttributesEndWhereTheyDidInTheirTime) {
  struct Attributes {
    int type;
    int device;
    void* device_pointer;
    void* host_pointer;
    std::size_t behind;
  };
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 1), cudaSuccess);
  Attributes attributes{0, 0, nullptr, nullptr, 0x5a};
  ASSERT_EQ(runtime12<int(Attributes*, const void*)>("cudaPointerGetAttributes")(&attributes, memory),
            cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes.device_pointer, memory);
  EXPECT_EQ(attributes.behind, 0x5aU);
}

TEST_F(StandinCuda12, CaptureTellsOfItself) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
  auto* const ask = runtime12<int(cudaStream_t, cudaStreamCaptureStatus*, unsigned long long*, cudaGraph_t*,
                                  const cudaGraphNode_t**, std::size_t*)>("cudaStreamGetCaptureInfo_v2");
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  unsigned long long id = 0;
  std::size_t dependencies = 1;
  ASSERT_EQ(ask(stream, &status, &id, nullptr, nullptr, &dependencies), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  EXPECT_NE(id, 0U);
  EXPECT_EQ(dependencies, 0U);
}

TEST_F(StandinCuda12, BothRuntimesAllocateOnTheSameDevices) {
  void* first = nullptr;
  void* second = nullptr;
  ASSERT_EQ(cudaMalloc(&first, 40 << 20), cudaSuccess);
  auto* const allocate = runtime12<int(void**, std::size_t)>("cudaMalloc");
  EXPECT_EQ(allocate(&second, 40 << 20), cudaErrorMemoryAllocation);
  ASSERT_EQ(allocate(&second, 20 << 20), cudaSuccess);
  EXPECT_EQ(model().memory.free_bytes(0), 0U);
  EXPECT_EQ(cudaFree(second), cudaSuccess);
}

TEST_F(StandinCuda12, EachLibrarySaysOfWhichCudaItIs) {
  int version = 0;
  ASSERT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 13000);
  ASSERT_EQ(runtime12<int(int*)>("cudaRuntimeGetVersion")(&version), cudaSuccess);
  EXPECT_EQ(version, 12080);
  EXPECT_EQ(cuda12<std::size_t()>("libcublasLt.so.12", "cublasLtGetVersion")(), 120804U);
  ASSERT_EQ(cuda12<int(void*, int*)>("libcublas.so.12", "cublasGetVersion_v2")(nullptr, &version), 0);
  EXPECT_EQ(version, 120804);
  ASSERT_EQ(cuda12<int(int*)>("libcufft.so.11", "cufftGetVersion")(&version), 0);
  EXPECT_EQ(version, 11303);
  int minor = 0;
  ASSERT_EQ(cuda12<int(int*, int*)>("libnvrtc.so.12", "nvrtcVersion")(&version, &minor), 0);
  EXPECT_EQ(version, 12);
  EXPECT_EQ(minor, 8);
}

}  // namespace
}  // namespace memsweep::standin
