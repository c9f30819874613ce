// NCCL as programs call it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
struct UniqueId {
  char bytes[128];
};
int ncclGetVersion(int* version);
const char* ncclGetErrorString(int result);
const char* ncclGetLastError(const void* handle);
int ncclGetUniqueId(UniqueId* id);
int ncclCommInitRank(void** handle, int ranks, UniqueId id, int rank);
int ncclCommInitRankConfig(void** handle, int ranks, UniqueId id, int rank, const void* configuration);
int ncclCommInitRankScalable(void** handle, int ranks, int rank, int ids, const UniqueId* id,
                             const void* configuration);
int ncclCommInitAll(void** handles, int ranks, const int* devices);
int ncclCommSplit(void* handle, int color, int key, void** part, const void* configuration);
int ncclCommCount(void* handle, int* ranks);
int ncclCommUserRank(void* handle, int* rank);
int ncclCommCuDevice(void* handle, int* device);
int ncclCommGetAsyncError(void* handle, int* result);
int ncclCommFinalize(void* handle);
int ncclCommDestroy(void* handle);
int ncclCommAbort(void* handle);
int ncclGroupStart();
int ncclGroupEnd();
int ncclBroadcast(const void* from, void* to, std::size_t count, int type, int root, void* handle,
                  cudaStream_t stream);
int ncclBcast(void* data, std::size_t count, int type, int root, void* handle, cudaStream_t stream);
int ncclReduce(const void* from, void* to, std::size_t count, int type, int operation, int root, void* handle,
               cudaStream_t stream);
int ncclAllReduce(const void* from, void* to, std::size_t count, int type, int operation, void* handle,
                  cudaStream_t stream);
int ncclReduceScatter(const void* from, void* to, std::size_t count, int type, int operation, void* handle,
                      cudaStream_t stream);
int ncclAllGather(const void* from, void* to, std::size_t count, int type, void* handle, cudaStream_t stream);
int ncclAlltoAll(const void* from, void* to, std::size_t count, int type, void* handle, cudaStream_t stream);
int ncclSend(const void* from, std::size_t count, int type, int peer, void* handle, cudaStream_t stream);
int ncclRecv(void* to, std::size_t count, int type, int peer, void* handle, cudaStream_t stream);
int ncclCommRegister(void* handle, void* data, std::size_t bytes, void** registration);
int ncclCommDeregister(void* handle, void* registration);
int ncclCommWindowRegister(void* handle, void* data, std::size_t bytes, void** window, int flags);
int ncclCommWindowDeregister(void* handle, void* window);
}

namespace memsweep::standin {
namespace {

constexpr int kInt32 = 2, kSum = 0;                                     // ncclDataType_t, ncclRedOp_t
constexpr int kCudaError = 1, kInvalidArgument = 4, kInvalidUsage = 5;  // ncclResult_t
constexpr int kMine = 42;

/// The caller is rank 1 of three, and has a number on the device and place for those of all.
class StandinNccl : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=64MiB,devices=2");
    ASSERT_EQ(ncclCommInitRank(&communicator_, 3, {}, 1), 0);
    void* data = nullptr;
    ASSERT_EQ(cudaMalloc(&data, 1024), cudaSuccess);
    own_ = static_cast<int*>(data);
    to_ = own_ + 64;
    ASSERT_EQ(cudaMemcpy(own_, &kMine, sizeof(kMine), cudaMemcpyHostToDevice), cudaSuccess);
    ASSERT_EQ(cudaMemset(to_, 0, 256), cudaSuccess);
  }

  std::array<int, 3> received() {
    std::array<int, 3> all{};
    EXPECT_EQ(cudaMemcpy(all.data(), to_, sizeof(all), cudaMemcpyDeviceToHost), cudaSuccess);
    return all;
  }

  void* communicator_ = nullptr;
  int *own_ = nullptr, *to_ = nullptr;
};

constexpr std::array kFromOne{kMine, 0, 0}, kFromEach{kMine, kMine, kMine};

TEST_F(StandinNccl, SumsAreTheCallersOwnNumbers) {
  EXPECT_EQ(ncclAllReduce(own_, to_, 1, kInt32, kSum, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromOne);
}

TEST_F(StandinNccl, ASumForOneRankIsTheCallersOwnNumbers) {
  EXPECT_EQ(ncclReduce(own_, to_, 1, kInt32, kSum, 0, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromOne);
}

TEST_F(StandinNccl, APieceOfASumIsTheCallersFirst) {
  EXPECT_EQ(ncclReduceScatter(own_, to_, 1, kInt32, kSum, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromOne);
}

TEST_F(StandinNccl, ABroadcastArrives) {
  EXPECT_EQ(ncclBroadcast(own_, to_, 1, kInt32, 1, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromOne);
}

TEST_F(StandinNccl, WhatIsSentInPlaceStays) {
  ASSERT_EQ(cudaMemcpy(to_, &kMine, sizeof(kMine), cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(ncclBcast(to_, 1, kInt32, 0, communicator_, nullptr), 0);
  EXPECT_EQ(ncclAllReduce(to_, to_, 1, kInt32, kSum, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromOne);
}

TEST_F(StandinNccl, EveryRankIsTakenToHaveTheCallersNumbers) {
  EXPECT_EQ(ncclAllGather(own_, to_, 1, kInt32, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromEach);
}

TEST_F(StandinNccl, EveryRankIsTakenToSendTheCallerItsFirstPiece) {
  EXPECT_EQ(ncclAlltoAll(own_, to_, 1, kInt32, communicator_, nullptr), 0);
  EXPECT_EQ(received(), kFromEach);
}

TEST_F(StandinNccl, WhatOneRankSendsIsNotKnown) {
  EXPECT_EQ(ncclSend(own_, 1, kInt32, 0, communicator_, nullptr), 0);
  (void)received();
  EXPECT_EQ(model().observations.blind_reads, 0U);
  EXPECT_EQ(ncclRecv(to_, 1, kInt32, 0, communicator_, nullptr), 0);
  (void)received();
  EXPECT_EQ(model().observations.blind_reads, 1U) << "nobody computed it";
}

TEST_F(StandinNccl, InAGroupEachRankBroadcastsWhatTheCallerDoes) {
  int* const other = to_ + 1;
  ASSERT_EQ(ncclGroupStart(), 0);
  EXPECT_EQ(ncclBroadcast(other, other, 1, kInt32, 0, communicator_, nullptr), 0);
  EXPECT_EQ(ncclBroadcast(own_, to_, 1, kInt32, 1, communicator_, nullptr), 0);
  ASSERT_EQ(ncclGroupEnd(), 0);
  EXPECT_EQ(received(), (std::array{kMine, kMine, 0}));
  EXPECT_EQ(ncclGroupEnd(), kInvalidUsage) << "there is no group";
}

TEST_F(StandinNccl, ACommunicatorKnowsItsRankAndItsDevice) {
  UniqueId id{};
  ASSERT_EQ(ncclGetUniqueId(&id), 0);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  std::array<void*, 3> made{};
  ASSERT_EQ(ncclCommInitRankConfig(&made[0], 8, id, 5, nullptr), 0);
  ASSERT_EQ(ncclCommInitRankScalable(&made[1], 8, 5, 1, &id, nullptr), 0);
  ASSERT_EQ(ncclCommSplit(made[0], 1, 0, &made[2], nullptr), 0);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  for (void* const communicator : made) {
    int ranks = 0, rank = 0, device = 0, error = 1;
    EXPECT_EQ(ncclCommCount(communicator, &ranks), 0);
    EXPECT_EQ(ncclCommUserRank(communicator, &rank), 0);
    EXPECT_EQ(ncclCommCuDevice(communicator, &device), 0);
    EXPECT_EQ(ncclCommGetAsyncError(communicator, &error), 0);
    EXPECT_EQ((std::array{ranks, rank, device, error}), (std::array{8, 5, 1, 0}));
    EXPECT_EQ(ncclCommFinalize(communicator), 0);
    EXPECT_EQ(ncclCommDestroy(communicator), 0);
  }
  EXPECT_EQ(ncclCommInitRank(&made[0], 3, {}, 3), kInvalidArgument) << "there is no such rank";
}

TEST_F(StandinNccl, AProcessHasACommunicatorForEachOfItsDevices) {
  std::array<void*, 2> made{};
  const std::array turned{1, 0};
  for (const int* const devices : {static_cast<const int*>(nullptr), turned.data()}) {
    ASSERT_EQ(ncclCommInitAll(made.data(), 2, devices), 0);
    for (int rank = 0; rank < 2; ++rank) {
      int found = -1, device = -1;
      EXPECT_EQ(ncclCommUserRank(made[rank], &found), 0);
      EXPECT_EQ(ncclCommCuDevice(made[rank], &device), 0);
      EXPECT_EQ(found, rank);
      EXPECT_EQ(device, devices == nullptr ? rank : turned[rank]);
    }
  }
  std::array<void*, 3> more{};
  EXPECT_EQ(ncclCommInitAll(more.data(), 3, nullptr), kInvalidArgument) << "there are two";
}

TEST_F(StandinNccl, ARankWithoutAColourGetsNoCommunicator) {
  void* part = this;
  EXPECT_EQ(ncclCommSplit(communicator_, -1, 0, &part, nullptr), 0);
  EXPECT_EQ(part, nullptr);
}

TEST_F(StandinNccl, NothingGoesOverACommunicatorThatIsGone) {
  EXPECT_EQ(ncclCommAbort(communicator_), 0);
  EXPECT_EQ(ncclCommAbort(communicator_), kInvalidArgument);
  EXPECT_EQ(ncclAllReduce(own_, to_, 1, kInt32, kSum, communicator_, nullptr), kInvalidArgument);
  EXPECT_EQ(ncclSend(own_, 1, kInt32, 0, communicator_, nullptr), kInvalidArgument);
  EXPECT_EQ(ncclCommGetAsyncError(communicator_, nullptr), kInvalidArgument);
  EXPECT_EQ(received(), (std::array{0, 0, 0}));
}

TEST_F(StandinNccl, ADeviceThatIsLostSendsNothing) {
  set_faults({"cudaDeviceSynchronize:1:cudaErrorIllegalAddress"});
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(ncclAllReduce(own_, to_, 1, kInt32, kSum, communicator_, nullptr), kCudaError);
}

TEST_F(StandinNccl, MemoryIsMadeKnownToACommunicatorAndForgotten) {
  void *registration = nullptr, *window = nullptr;
  ASSERT_EQ(ncclCommRegister(communicator_, nullptr, 1024, &registration), 0);
  ASSERT_EQ(ncclCommWindowRegister(communicator_, nullptr, 1024, &window, 0), 0);
  EXPECT_EQ(ncclCommDeregister(communicator_, window), kInvalidArgument) << "a window is no buffer";
  EXPECT_EQ(ncclCommWindowDeregister(communicator_, window), 0);
  EXPECT_EQ(ncclCommDeregister(communicator_, registration), 0);
  EXPECT_EQ(ncclCommDeregister(communicator_, registration), kInvalidArgument);
  EXPECT_EQ(ncclCommRegister(nullptr, nullptr, 1024, &registration), kInvalidArgument);
}

TEST_F(StandinNccl, ItSaysWhatItIsAndWhatWentWrong) {
  int version = 0;
  EXPECT_EQ(ncclGetVersion(&version), 0);
  EXPECT_EQ(version / 10'000, 2);
  EXPECT_STREQ(ncclGetErrorString(0), "no error");
  EXPECT_NE(std::string(ncclGetErrorString(kInvalidUsage)).find("invalid usage"), std::string::npos);
  EXPECT_STREQ(ncclGetLastError(communicator_), "");
}

}  // namespace
}  // namespace memsweep::standin
