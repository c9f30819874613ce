// cuBLAS, cuDNN and NCCL as programs call them: by their own signatures, without their headers.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
int cublasCreate_v2(void** handle);
int cublasDestroy_v2(void* handle);
int cublasSetPointerMode_v2(void* handle, int mode);
int cublasGetMathMode(void* handle, int* mode);
int cublasSetMathMode(void* handle, int mode);
int cublasSdot_v2(void* handle, int count, const float* x, int, const float* y, int, float* result);

int cudnnCreate(void** handle);
int cudnnBackendCreateDescriptor(int type, void** descriptor);
int cudnnBackendSetAttribute(void* descriptor, int name, int type, std::int64_t count, const void* elements);
int cudnnBackendGetAttribute(void* descriptor, int name, int type, std::int64_t requested,
                             std::int64_t* count, void* elements);
int cudnnBackendFinalize(void* descriptor);
int cudnnCreateRNNDescriptor(void** handle);
int cudnnSetRNNDescriptor_v8(void* handle, int, int cell, int bias, int direction, int, int type, int, int,
                             std::int32_t inputs, std::int32_t hidden, std::int32_t projected,
                             std::int32_t layers, void*, std::uint32_t);
int cudnnGetRNNWeightSpaceSize(void* handle, void* network, std::size_t* bytes);
int cudnnGetRNNWeightParams(void* handle, void* network, std::int32_t layer, std::size_t, const void* space,
                            std::int32_t which, void* matrix, void** matrix_address, void* bias,
                            void** bias_address);
int cudnnCreateTensorDescriptor(void** handle);
int cudnnGetTensorNdDescriptor(void* handle, int requested, int* type, int* rank, int* extents, int* strides);
int cudnnGetConvolutionForwardAlgorithm_v7(void* handle, void* image, void* filter, void* convolution,
                                           void* result, int requested, int* returned, void* algorithms);
int cudnnGetConvolutionForwardWorkspaceSize(void* handle, void* image, void* filter, void* convolution,
                                            void* result, int algorithm, std::size_t* bytes);
int cudnnConvolutionForward(void* handle, const void*, void* image, const void*, void* filter, const void*,
                            void* convolution, int algorithm, void*, std::size_t, const void*, void* result,
                            void*);
int cudnnDropoutGetStatesSize(void* handle, std::size_t* bytes);

struct UniqueId {
  char bytes[128];
};
int ncclCommInitRank(void** handle, int ranks, UniqueId id, int rank);
int ncclCommCount(void* handle, int* ranks);
int ncclCommDestroy(void* handle);
int ncclGroupStart();
int ncclGroupEnd();
int ncclBroadcast(const void* from, void* to, std::size_t count, int type, int root, void* handle,
                  cudaStream_t stream);
int ncclCommRegister(void* handle, void* data, std::size_t bytes, void** registration);
int ncclCommDeregister(void* handle, void* registration);
int ncclCommWindowRegister(void* handle, void* data, std::size_t bytes, void** window, int flags);
int ncclCommWindowDeregister(void* handle, void* window);
int ncclAllGather(const void* from, void* to, std::size_t count, int type, void* handle, cudaStream_t stream);
}

namespace memsweep::standin {
namespace {

class StandinLibraries : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB,workspace=4MiB"); }
};

TEST_F(StandinLibraries, AHandleOfCublasRemembersItsModes) {
  void* handle = nullptr;
  ASSERT_EQ(cublasCreate_v2(&handle), 0);
  EXPECT_EQ(cublasSetMathMode(handle, 3), 0);
  int mode = -1;
  EXPECT_EQ(cublasGetMathMode(handle, &mode), 0);
  EXPECT_EQ(mode, 3);
  EXPECT_EQ(cublasDestroy_v2(handle), 0);
  EXPECT_EQ(cublasGetMathMode(handle, &mode), 1) << "no handle any more";
}

TEST_F(StandinLibraries, ANumberForTheHostIsABlindRead) {
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

TEST_F(StandinLibraries, AGraphOfCudnnHasOneEngineThatWantsTheWorkspaceOfTheSettings) {
  constexpr int kHeuristic = 4, kConfiguration = 3, kPlan = 5, kDescriptor = 15, kInt64 = 3, kInt32 = 23;
  constexpr int kResults = 202, kSharedMemory = 304, kPlanConfiguration = 401, kWorkspace = 402;
  void *heuristic = nullptr, *configuration = nullptr, *plan = nullptr;
  ASSERT_EQ(cudnnBackendCreateDescriptor(kHeuristic, &heuristic), 0);
  ASSERT_EQ(cudnnBackendCreateDescriptor(kConfiguration, &configuration), 0);
  ASSERT_EQ(cudnnBackendCreateDescriptor(kPlan, &plan), 0);
  EXPECT_EQ(cudnnBackendFinalize(heuristic), 0);
  std::int64_t count = 0;
  EXPECT_EQ(cudnnBackendGetAttribute(heuristic, kResults, kDescriptor, 0, &count, nullptr), 0);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(cudnnBackendGetAttribute(heuristic, kResults, kDescriptor, 1, &count, &configuration), 0);
  std::int32_t shared = -1;
  EXPECT_EQ(cudnnBackendGetAttribute(configuration, kSharedMemory, kInt32, 1, &count, &shared), 0);
  EXPECT_EQ(shared, 0);
  EXPECT_EQ(cudnnBackendSetAttribute(plan, kPlanConfiguration, kDescriptor, 1, &configuration), 0);
  std::int64_t workspace = -1;
  EXPECT_EQ(cudnnBackendGetAttribute(plan, kWorkspace, kInt64, 1, &count, &workspace), 0);
  EXPECT_EQ(workspace, std::int64_t{4} << 20);
  void* set = nullptr;
  EXPECT_EQ(cudnnBackendGetAttribute(plan, kPlanConfiguration, kDescriptor, 1, &count, &set), 0);
  EXPECT_EQ(set, configuration);
  constexpr int kUnknown = 12345;
  EXPECT_EQ(cudnnBackendGetAttribute(plan, kUnknown, kInt64, 1, &count, &workspace), 3000);
  EXPECT_EQ(model().observations.unsupported.size(), 1U);
}

/// As the library lays out what it says of an algorithm.
struct Algorithm {
  int number, status;
  float time;
  std::size_t memory;
  int determinism, math, reserved[3];
};

TEST_F(StandinLibraries, AConvolutionThatIsNotComputedHasOneAlgorithmThatWantsTheWorkspaceOfTheSettings) {
  void* handle = nullptr;
  ASSERT_EQ(cudnnCreate(&handle), 0);
  std::array<Algorithm, 8> algorithms{};
  int count = 0;
  EXPECT_EQ(cudnnGetConvolutionForwardAlgorithm_v7(handle, nullptr, nullptr, nullptr, nullptr, 8, &count,
                                                   algorithms.data()),
            0);
  ASSERT_EQ(count, 1);
  EXPECT_EQ(algorithms[0].memory, std::size_t{4} << 20);
  std::size_t bytes = 0;
  EXPECT_EQ(cudnnGetConvolutionForwardWorkspaceSize(handle, nullptr, nullptr, nullptr, nullptr,
                                                    algorithms[0].number, &bytes),
            0);
  EXPECT_EQ(bytes, std::size_t{4} << 20);
  EXPECT_EQ(model().observations.estimates.size(), 2U) << "nobody knows what the true library wants";
  EXPECT_EQ(cudnnConvolutionForward(handle, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                    algorithms[0].number, nullptr, 0, nullptr, nullptr, nullptr),
            0);
}

TEST_F(StandinLibraries, TheWeightsOfAnLstmLieOneAfterTheOther) {
  constexpr int kLstm = 2, kDoubleBias = 2, kFloat = 0, kInputs = 3, kHidden = 5;
  void *network = nullptr, *shape = nullptr;
  ASSERT_EQ(cudnnCreateRNNDescriptor(&network), 0);
  ASSERT_EQ(cudnnCreateTensorDescriptor(&shape), 0);
  ASSERT_EQ(cudnnSetRNNDescriptor_v8(network, 0, kLstm, kDoubleBias, 0, 0, kFloat, 0, 0, kInputs, kHidden,
                                     kHidden, 2, nullptr, 0),
            0);
  std::size_t bytes = 0;
  EXPECT_EQ(cudnnGetRNNWeightSpaceSize(nullptr, network, &bytes), 0);
  const int first = 4 * kHidden * (kInputs + kHidden), second = 4 * kHidden * 2 * kHidden;
  EXPECT_EQ(bytes, sizeof(float) * (first + second + 2 * 8 * kHidden));
  void* const space = reinterpret_cast<void*>(0x200000000000);
  void *matrix = nullptr, *bias = nullptr;
  EXPECT_EQ(cudnnGetRNNWeightParams(nullptr, network, 1, bytes, space, 4, shape, &matrix, nullptr, &bias), 0);
  EXPECT_EQ(static_cast<char*>(matrix) - static_cast<char*>(space),
            static_cast<std::ptrdiff_t>(sizeof(float)) * (first + 4 * kHidden * kHidden));
  int type = -1, rank = 0;
  std::array<int, 3> extents{}, strides{};
  EXPECT_EQ(cudnnGetTensorNdDescriptor(shape, 3, &type, &rank, extents.data(), strides.data()), 0);
  EXPECT_EQ(extents, (std::array<int, 3>{1, kHidden, kHidden}));
}

TEST_F(StandinLibraries, SizesThatAreGuessedAreCounted) {
  void* handle = nullptr;
  ASSERT_EQ(cudnnCreate(&handle), 0);
  std::size_t bytes = 0;
  EXPECT_EQ(cudnnDropoutGetStatesSize(handle, &bytes), 0);
  EXPECT_GT(bytes, 0U);
  EXPECT_EQ(model().observations.estimates.at("cudnnDropoutGetStatesSize").count, 1U);
}

TEST_F(StandinLibraries, InAGroupEachRankBroadcastsWhatTheCallerDoes) {
  void *communicator = nullptr, *data = nullptr;
  ASSERT_EQ(ncclCommInitRank(&communicator, 2, {}, 0), 0);
  ASSERT_EQ(cudaMalloc(&data, 1024), cudaSuccess);
  const int mine = 42;
  ASSERT_EQ(cudaMemcpy(data, &mine, sizeof(mine), cudaMemcpyHostToDevice), cudaSuccess);
  constexpr int kInt32 = 2;
  char* const own = static_cast<char*>(data) + 256;
  char* const other = static_cast<char*>(data) + 512;
  ASSERT_EQ(ncclGroupStart(), 0);
  EXPECT_EQ(ncclBroadcast(other, other, 1, kInt32, 1, communicator, nullptr), 0);
  EXPECT_EQ(ncclBroadcast(data, own, 1, kInt32, 0, communicator, nullptr), 0);
  ASSERT_EQ(ncclGroupEnd(), 0);
  for (const char* place : {own, other}) {
    int found = 0;
    ASSERT_EQ(cudaMemcpy(&found, place, sizeof(found), cudaMemcpyDeviceToHost), cudaSuccess);
    EXPECT_EQ(found, mine);
  }
  EXPECT_EQ(ncclGroupEnd(), 5) << "there is no group";
}

TEST_F(StandinLibraries, MemoryIsMadeKnownToACommunicatorAndForgotten) {
  void *communicator = nullptr, *registration = nullptr, *window = nullptr;
  ASSERT_EQ(ncclCommInitRank(&communicator, 2, {}, 0), 0);
  ASSERT_EQ(ncclCommRegister(communicator, nullptr, 1024, &registration), 0);
  ASSERT_EQ(ncclCommWindowRegister(communicator, nullptr, 1024, &window, 0), 0);
  EXPECT_EQ(ncclCommDeregister(communicator, window), 4) << "a window is no buffer";
  EXPECT_EQ(ncclCommWindowDeregister(communicator, window), 0);
  EXPECT_EQ(ncclCommDeregister(communicator, registration), 0);
  EXPECT_EQ(ncclCommDeregister(communicator, registration), 4);
  EXPECT_EQ(ncclCommRegister(nullptr, nullptr, 1024, &registration), 4);
}

TEST_F(StandinLibraries, ACommunicatorGathersItsOwnDataFromEveryRank) {
  void *communicator = nullptr, *data = nullptr;
  ASSERT_EQ(ncclCommInitRank(&communicator, 3, {}, 1), 0);
  int ranks = 0;
  EXPECT_EQ(ncclCommCount(communicator, &ranks), 0);
  EXPECT_EQ(ranks, 3);
  ASSERT_EQ(cudaMalloc(&data, 1024), cudaSuccess);
  const int mine = 42;
  ASSERT_EQ(cudaMemcpy(data, &mine, sizeof(mine), cudaMemcpyHostToDevice), cudaSuccess);
  constexpr int kInt32 = 2;
  char* const gathered = static_cast<char*>(data) + 512;
  EXPECT_EQ(ncclAllGather(data, gathered, 1, kInt32, communicator, nullptr), 0);
  std::array<int, 3> all{};
  ASSERT_EQ(cudaMemcpy(all.data(), gathered, sizeof(all), cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(all, (std::array<int, 3>{mine, mine, mine}));
  EXPECT_EQ(ncclCommInitRank(&communicator, 3, {}, 3), 4) << "there is no such rank";
}

}  // namespace
}  // namespace memsweep::standin
