// Capture of streams, and graphs.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "harness/standin/control.h"

namespace memsweep::standin {
namespace {

class StandinCapture : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=64MiB");
    ASSERT_EQ(cudaMalloc(&data_, 1024), cudaSuccess);
    ASSERT_EQ(cudaStreamCreate(&stream_), cudaSuccess);
    ASSERT_EQ(cudaStreamCreate(&other_), cudaSuccess);
    ASSERT_EQ(cudaEventCreate(&event_), cudaSuccess);
  }

  cudaStreamCaptureStatus status(cudaStream_t stream) {
    cudaStreamCaptureStatus found = cudaStreamCaptureStatusInvalidated;
    EXPECT_EQ(cudaStreamIsCapturing(stream, &found), cudaSuccess);
    return found;
  }

  void* data_ = nullptr;
  cudaStream_t stream_ = nullptr, other_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

TEST_F(StandinCapture, AGraphHoldsWhatItsStreamWasGiven) {
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), cudaSuccess);
  EXPECT_EQ(status(stream_), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(data_, 0, 16, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(data_, 0, 16, other_), cudaSuccess) << "beside the capture";
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  EXPECT_EQ(status(stream_), cudaStreamCaptureStatusNone);
  std::size_t nodes = 0;
  EXPECT_EQ(cudaGraphGetNodes(graph, nullptr, &nodes), cudaSuccess);
  EXPECT_EQ(nodes, 1U);
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  ASSERT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiateWithFlags(&executable, graph, 0), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(executable, stream_), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(executable, stream_), cudaErrorInvalidValue);
}

TEST_F(StandinCapture, StreamsJoinByEventsAndEndTogether) {
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
  ASSERT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
  unsigned long long ids[2] = {};
  cudaStreamCaptureStatus found{};
  EXPECT_EQ(cudaStreamGetCaptureInfo(stream_, &found, &ids[0]), cudaSuccess);
  EXPECT_EQ(cudaStreamGetCaptureInfo(other_, &found, &ids[1]), cudaSuccess);
  EXPECT_EQ(ids[0], ids[1]);
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  EXPECT_EQ(status(other_), cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
  EXPECT_EQ(status(other_), cudaStreamCaptureStatusNone)
      << "an event of a capture that has ended joins nothing";
}

TEST_F(StandinCapture, WhatIsCapturedCannotBeWaitedFor) {
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaEventQuery(event_), cudaErrorCapturedEvent);
  EXPECT_EQ(cudaStreamWaitEvent(nullptr, event_), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), cudaErrorIllegalState);
}

TEST_F(StandinCapture, HostFunctionsRunAtOnceAndNotInACapture) {
  int calls = 0;
  const auto count = [](void* counter) { ++*static_cast<int*>(counter); };
  EXPECT_EQ(cudaLaunchHostFunc(stream_, count, &calls), cudaSuccess);
  EXPECT_EQ(calls, 1);
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), cudaSuccess);
  EXPECT_EQ(cudaLaunchHostFunc(stream_, count, &calls), cudaSuccess);
  EXPECT_EQ(calls, 1);
}

TEST_F(StandinCapture, AThreadExchangesItsModeOfCapture) {
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal) << "what it is before anybody asks";
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
  EXPECT_EQ(mode, cudaStreamCaptureModeRelaxed);
}

}  // namespace
}  // namespace memsweep::standin
