// cuDNN as programs call it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
int cudnnCreate(void** handle);
int cudnnDestroy(void* handle);
int cudnnSetStream(void* handle, cudaStream_t stream);
int cudnnGetStream(void* handle, cudaStream_t* stream);
std::size_t cudnnGetVersion();
std::size_t cudnnGetCudartVersion();
int cudnnGetProperty(int part, int* value);
const char* cudnnGetErrorString(int status);
void cudnnGetLastErrorString(char* message, std::size_t bytes);
int cudnnBackendCreateDescriptor(int type, void** descriptor);
int cudnnBackendSetAttribute(void* descriptor, int name, int type, std::int64_t count, const void* elements);
int cudnnBackendGetAttribute(void* descriptor, int name, int type, std::int64_t requested,
                             std::int64_t* count, void* elements);
int cudnnBackendFinalize(void* descriptor);
int cudnnCreateRNNDescriptor(void** handle);
int cudnnDestroyRNNDescriptor(void* handle);
int cudnnCreateRNNDataDescriptor(void** handle);
int cudnnDestroyRNNDataDescriptor(void* handle);
int cudnnSetRNNDataDescriptor(void* handle, int type, int layout, int steps, int batch, int width,
                              const int* lengths, void* padding);
int cudnnGetRNNTempSpaceSizes(void* handle, void* network, int mode, void* sequences, std::size_t* workspace,
                              std::size_t* reserve);
int cudnnSetRNNDescriptor_v8(void* handle, int, int cell, int bias, int direction, int, int type, int, int,
                             std::int32_t inputs, std::int32_t hidden, std::int32_t projected,
                             std::int32_t layers, void*, std::uint32_t);
int cudnnGetRNNWeightSpaceSize(void* handle, void* network, std::size_t* bytes);
int cudnnGetRNNWeightParams(void* handle, void* network, std::int32_t layer, std::size_t, const void* space,
                            std::int32_t which, void* matrix, void** matrix_address, void* bias,
                            void** bias_address);
int cudnnCreateTensorDescriptor(void** handle);
int cudnnCreateFilterDescriptor(void** handle);
int cudnnSetFilterNdDescriptor(void* handle, int type, int format, int rank, const int* extents);
int cudnnGetFilterNdDescriptor(void* handle, int requested, int* type, int* format, int* rank, int* extents);
int cudnnGetTensorNdDescriptor(void* handle, int requested, int* type, int* rank, int* extents, int* strides);
int cudnnGetConvolutionForwardAlgorithm_v7(void* handle, void* image, void* filter, void* convolution,
                                           void* result, int requested, int* returned, void* algorithms);
int cudnnGetConvolutionForwardWorkspaceSize(void* handle, void* image, void* filter, void* convolution,
                                            void* result, int algorithm, std::size_t* bytes);
int cudnnConvolutionForward(void* handle, const void*, void* image, const void*, void* filter, const void*,
                            void* convolution, int algorithm, void*, std::size_t, const void*, void* result,
                            void*);
int cudnnCreateConvolutionDescriptor(void** handle);
int cudnnSetConvolutionGroupCount(void* convolution, int groups);
int cudnnDropoutGetStatesSize(void* handle, std::size_t* bytes);
int cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(void*, int, int, const void*, const void*,
                                                             const void*, const void*, const void*,
                                                             std::size_t* bytes);
int cudnnGetBatchNormalizationBackwardExWorkspaceSize(void*, int, int, const void*, const void*, const void*,
                                                      const void*, const void*, const void*, const void*,
                                                      std::size_t* bytes);
int cudnnGetBatchNormalizationTrainingExReserveSpaceSize(void*, int, int, const void*, const void*,
                                                         std::size_t* bytes);
int cudnnGetCTCLossWorkspaceSize(void*, const void*, const void*, const int*, const int*, const int*, int,
                                 const void*, std::size_t* bytes);
int cudnnGetCTCLossWorkspaceSize_v8(void*, int, const void*, const void*, const void*, std::size_t* bytes);

#define MEMSWEEP_DESCRIPTOR(kind)                   \
  int cudnnCreate##kind##Descriptor(void** handle); \
  int cudnnDestroy##kind##Descriptor(void* handle);
MEMSWEEP_DESCRIPTOR(Activation)
MEMSWEEP_DESCRIPTOR(CTCLoss)
MEMSWEEP_DESCRIPTOR(Dropout)
MEMSWEEP_DESCRIPTOR(Pooling)
MEMSWEEP_DESCRIPTOR(SpatialTransformer)
}

namespace memsweep::standin {
namespace {

class StandinCudnn : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB,workspace=4MiB"); }
};

constexpr int kBadParameter = 2000;  // CUDNN_STATUS_BAD_PARAM

TEST_F(StandinCudnn, AHandleRemembersItsStream) {
  void* handle = nullptr;
  cudaStream_t stream = nullptr, found = nullptr;
  ASSERT_EQ(cudnnCreate(&handle), 0);
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  EXPECT_EQ(cudnnSetStream(handle, stream), 0);
  EXPECT_EQ(cudnnGetStream(handle, &found), 0);
  EXPECT_EQ(found, stream);
  EXPECT_EQ(cudnnDestroy(handle), 0);
  EXPECT_EQ(cudnnDestroy(handle), kBadParameter);
  EXPECT_EQ(cudnnGetStream(handle, &found), 1001) << "no handle any more";
}

TEST_F(StandinCudnn, ItSaysWhatItIs) {
  int major = 0, minor = 0, patch = 0, more = 0;
  EXPECT_EQ(cudnnGetProperty(0, &major), 0);
  EXPECT_EQ(cudnnGetProperty(1, &minor), 0);
  EXPECT_EQ(cudnnGetProperty(2, &patch), 0);
  EXPECT_EQ(cudnnGetProperty(3, &more), kBadParameter);
  EXPECT_EQ(static_cast<std::size_t>(major * 10'000 + minor * 100 + patch), cudnnGetVersion());
  EXPECT_EQ(cudnnGetCudartVersion() / 1000, 13U);
  EXPECT_STREQ(cudnnGetErrorString(kBadParameter), "CUDNN_STATUS_BAD_PARAM");
  char message[] = "before";
  cudnnGetLastErrorString(message, sizeof message);
  EXPECT_STREQ(message, "");
}

TEST_F(StandinCudnn, DescriptorsLiveFromCreateToDestroy) {
  struct Kind {
    int (*create)(void** handle);
    int (*destroy)(void* handle);
  };
  for (const Kind& kind :
       {Kind{cudnnCreateActivationDescriptor, cudnnDestroyActivationDescriptor},
        Kind{cudnnCreateCTCLossDescriptor, cudnnDestroyCTCLossDescriptor},
        Kind{cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor},
        Kind{cudnnCreatePoolingDescriptor, cudnnDestroyPoolingDescriptor},
        Kind{cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor},
        Kind{cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor},
        Kind{cudnnCreateSpatialTransformerDescriptor, cudnnDestroySpatialTransformerDescriptor}}) {
    void* handle = nullptr;
    ASSERT_EQ(kind.create(&handle), 0);
    EXPECT_EQ(live().size(), 1U);
    EXPECT_EQ(kind.destroy(handle), 0);
    EXPECT_TRUE(live().empty());
    EXPECT_EQ(kind.destroy(handle), kBadParameter);
  }
}

TEST_F(StandinCudnn, AFilterRemembersItsExtents) {
  void* filter = nullptr;
  const std::array wanted{64, 3, 7, 7};
  ASSERT_EQ(cudnnCreateFilterDescriptor(&filter), 0);
  EXPECT_EQ(cudnnSetFilterNdDescriptor(filter, 2, 1, 4, wanted.data()), 0);
  int type = 0, format = 0, rank = 0;
  std::array<int, 4> extents{};
  EXPECT_EQ(cudnnGetFilterNdDescriptor(filter, 4, &type, &format, &rank, extents.data()), 0);
  EXPECT_EQ((std::array{type, format, rank}), (std::array{2, 1, 4}));
  EXPECT_EQ(extents, wanted);
  EXPECT_EQ(cudnnGetFilterNdDescriptor(nullptr, 4, &type, &format, &rank, extents.data()), kBadParameter);
}

TEST_F(StandinCudnn, GroupsAreOfAConvolution) {
  void *convolution = nullptr, *filter = nullptr;
  ASSERT_EQ(cudnnCreateConvolutionDescriptor(&convolution), 0);
  ASSERT_EQ(cudnnCreateFilterDescriptor(&filter), 0);
  EXPECT_EQ(cudnnSetConvolutionGroupCount(convolution, 32), 0);
  EXPECT_EQ(cudnnSetConvolutionGroupCount(filter, 32), kBadParameter);
}

TEST_F(StandinCudnn, AGraphHasOneEngineThatWantsTheWorkspaceOfTheSettings) {
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

TEST_F(StandinCudnn, AConvolutionThatIsNotComputedHasOneAlgorithmThatWantsTheWorkspaceOfTheSettings) {
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

TEST_F(StandinCudnn, TheWeightsOfAnLstmLieOneAfterTheOther) {
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

TEST_F(StandinCudnn, ARecurrentNetworkKeepsItsGatesCellsAndOutputsForTraining) {
  constexpr int kGru = 3, kNoBias = 0, kFloat = 0, kBothDirections = 1, kInference = 0, kTraining = 1;
  constexpr std::size_t kSteps = 10, kBatch = 4, kHidden = 5, kLayers = 2, kDirections = 2;
  void *network = nullptr, *sequences = nullptr;
  ASSERT_EQ(cudnnCreateRNNDescriptor(&network), 0);
  ASSERT_EQ(cudnnCreateRNNDataDescriptor(&sequences), 0);
  ASSERT_EQ(cudnnSetRNNDescriptor_v8(network, 0, kGru, kNoBias, kBothDirections, 0, kFloat, 0, 0, 3, kHidden,
                                     kHidden, kLayers, nullptr, 0),
            0);
  ASSERT_EQ(cudnnSetRNNDataDescriptor(sequences, kFloat, 0, kSteps, kBatch, 3, nullptr, nullptr), 0);
  const std::size_t rows = kSteps * kBatch * kDirections;
  std::size_t workspace = 1, reserve = 1;
  EXPECT_EQ(cudnnGetRNNTempSpaceSizes(nullptr, network, kInference, sequences, &workspace, &reserve), 0);
  EXPECT_EQ(workspace, rows * 3 * kHidden * sizeof(float));
  EXPECT_EQ(reserve, 0U);
  EXPECT_EQ(cudnnGetRNNTempSpaceSizes(nullptr, network, kTraining, sequences, &workspace, &reserve), 0);
  EXPECT_EQ(reserve, rows * kLayers * (3 + 1 + 1) * kHidden * sizeof(float));
  EXPECT_EQ(model().observations.estimates.at("cudnnGetRNNTempSpaceSizes").count, 2U);
  EXPECT_EQ(cudnnGetRNNTempSpaceSizes(nullptr, sequences, kTraining, network, &workspace, &reserve),
            kBadParameter);
}

TEST_F(StandinCudnn, WorkspacesThatOnlyCudnnKnowsAreCountedAsNothingAndNoted) {
  const void* const none = nullptr;
  std::size_t bytes = 1;
  const auto expect_none = [&](int status, const char* function) {
    EXPECT_EQ(status, 0) << function;
    EXPECT_EQ(bytes, 0U) << function;
    EXPECT_EQ(model().observations.estimates.at(function).count, 1U) << function;
    bytes = 1;
  };
  expect_none(cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(nullptr, 1, 0, none, none, none, none,
                                                                       none, &bytes),
              "cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize");
  expect_none(cudnnGetBatchNormalizationBackwardExWorkspaceSize(nullptr, 1, 0, none, none, none, none, none,
                                                                none, none, &bytes),
              "cudnnGetBatchNormalizationBackwardExWorkspaceSize");
  expect_none(cudnnGetBatchNormalizationTrainingExReserveSpaceSize(nullptr, 1, 0, none, none, &bytes),
              "cudnnGetBatchNormalizationTrainingExReserveSpaceSize");
  expect_none(cudnnGetCTCLossWorkspaceSize(nullptr, none, none, nullptr, nullptr, nullptr, 0, none, &bytes),
              "cudnnGetCTCLossWorkspaceSize");
  expect_none(cudnnGetCTCLossWorkspaceSize_v8(nullptr, 0, none, none, none, &bytes),
              "cudnnGetCTCLossWorkspaceSize_v8");
}

TEST_F(StandinCudnn, SizesThatAreGuessedAreCounted) {
  void* handle = nullptr;
  ASSERT_EQ(cudnnCreate(&handle), 0);
  std::size_t bytes = 0;
  EXPECT_EQ(cudnnDropoutGetStatesSize(handle, &bytes), 0);
  EXPECT_GT(bytes, 0U);
  EXPECT_EQ(model().observations.estimates.at("cudnnDropoutGetStatesSize").count, 1U);
}

}  // namespace
}  // namespace memsweep::standin
