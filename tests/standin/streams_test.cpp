// Streams and events, and what devices say of themselves.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <climits>
#include <thread>

#include "harness/standin/control.h"

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

TEST_F(StandinStreams, AStreamHasThePriorityThatItWasGiven) {
  int least = 1, greatest = 1;
  ASSERT_EQ(cudaDeviceGetStreamPriorityRange(&least, &greatest), cudaSuccess);
  EXPECT_EQ(least, 0);
  EXPECT_LT(greatest, least) << "lower numbers go first";
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest), cudaSuccess);
  int priority = 1;
  EXPECT_EQ(cudaStreamGetPriority(stream, &priority), cudaSuccess);
  EXPECT_EQ(priority, greatest);
  EXPECT_EQ(cudaStreamGetPriority(nullptr, &priority), cudaSuccess);
  EXPECT_EQ(priority, 0) << "of the default stream";
  for (const int beyond : {least + 3, greatest - 3}) {
    ASSERT_EQ(cudaStreamCreateWithPriority(&stream, cudaStreamDefault, beyond), cudaSuccess);
    EXPECT_EQ(cudaStreamGetPriority(stream, &priority), cudaSuccess);
    EXPECT_EQ(priority, beyond > 0 ? least : greatest) << "the nearest that there is";
  }
  EXPECT_EQ(cudaStreamCreateWithPriority(&stream, 2, 0), cudaErrorInvalidValue) << "no such flag";
}

TEST_F(StandinStreams, AnEventIsRecordedWithFlagsToo) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event, event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecordWithFlags(event, nullptr, 0), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event, event), cudaSuccess);
  EXPECT_EQ(milliseconds, 0);
  ASSERT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaEventRecordWithFlags(event, nullptr, 0), cudaErrorInvalidResourceHandle);
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

TEST_F(StandinStreams, AThreadHasTheDeviceThatItChose) {
  reset("devices=3");
  int device = -1;
  EXPECT_EQ(cudaSetDevice(2), cudaSuccess);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 2);
  std::thread([] {
    int other = -1;
    EXPECT_EQ(cudaGetDevice(&other), cudaSuccess);
    EXPECT_EQ(other, 0) << "its own thread's";
  }).join();
  EXPECT_EQ(cudaSetDevice(3), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 2);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
}

TEST_F(StandinStreams, TheDriverIsAsNewAsTheRuntime) {
  int driver = 0, runtime = 0;
  EXPECT_EQ(cudaDriverGetVersion(&driver), cudaSuccess);
  EXPECT_EQ(cudaRuntimeGetVersion(&runtime), cudaSuccess);
  EXPECT_GE(driver, runtime);
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
