// Which of cuDNN's ways convolutions take on a GPU, and what becomes of those that it has none for.
#include "kernels/cuda/convolution_plans.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "harness/standin/control.h"
#include "kernels/cuda/bodies.h"

extern "C" int cudnnCreate(void** handle);

namespace memsweep::standin {
namespace {

using cuda::ConvolutionKind;
using cuda::ConvolutionPlan;
using cuda::ConvolutionPlans;
using cuda::ConvolutionProblem;
using cuda::Cudnn;

constexpr int kUsual = 1, kLarge = 5;  // algorithms of the stand-in; 0 need not give the same bits each time
constexpr std::size_t kMuch = std::size_t{2} << 30, kWanted = 4096;

/// The stand-in's, which is loaded already.
std::vector<std::string> standins_cudnn() {
  Dl_info cudnn{};
  dladdr(reinterpret_cast<void*>(&cudnnCreate), &cudnn);
  return {cudnn.dli_fname};
}

class ConvolutionWays : public ::testing::TestWithParam<ConvolutionKind> {
 protected:
  void SetUp() override { reset("memory=64MiB,compute=on,workspace=4KiB"); }
  void TearDown() override {
    plans_.reset();
    cudnn_.reset();
    EXPECT_TRUE(live().empty());
  }

  [[nodiscard]] static ConvolutionProblem problem(std::size_t work_bytes) {
    return {GetParam(), DType::f32, false, {2, 3, 8, 8}, {4, 3, 3, 3}, {2, 4, 8, 8}, 1, 1, work_bytes};
  }
  const ConvolutionPlan* find(const ConvolutionProblem& wanted) { return plans_->find(nullptr, wanted); }

  std::optional<Cudnn> cudnn_{standins_cudnn};
  std::optional<ConvolutionPlans> plans_{*cudnn_};
};

TEST_P(ConvolutionWays, AreTheFastestThatTheMemoryIsEnoughFor) {
  const ConvolutionPlan* const large = find(problem(kMuch));
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(large->algorithm, kLarge);
  const ConvolutionPlan* const usual = find(problem(kWanted));
  ASSERT_NE(usual, nullptr);
  EXPECT_EQ(usual->algorithm, kUsual);
  EXPECT_EQ(usual->work_bytes, kWanted);
}

TEST_P(ConvolutionWays, AreNoneWhereOnlyOneOfOtherBitsEachTimeNeedsSoLittleMemory) {
  EXPECT_EQ(find(problem(kWanted - 1)), nullptr);
  EXPECT_EQ(find(problem(0)), nullptr);
}

TEST_P(ConvolutionWays, AreAskedForOnce) {
  const auto asked = [] {
    return calls_of("cudnnGetConvolutionForwardAlgorithm_v7") +
           calls_of("cudnnGetConvolutionBackwardDataAlgorithm_v7") +
           calls_of("cudnnGetConvolutionBackwardFilterAlgorithm_v7");
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(find(problem(kWanted)), nullptr);
    EXPECT_EQ(find(problem(0)), nullptr) << "nor for what there is no way for";
  }
  EXPECT_EQ(asked(), 2U);
  plans_->forget(problem(kWanted));
  EXPECT_EQ(find(problem(kWanted)), nullptr);
  EXPECT_EQ(asked(), 2U);
}

TEST_P(ConvolutionWays, AreNoneForWhatCudnnDoesNotTake) {
  ConvolutionProblem wrong = problem(kMuch);
  wrong.result = {2, 4, 9, 9};
  EXPECT_EQ(find(wrong), nullptr);
  set_faults({"cudnnGetConvolutionForwardAlgorithm_v7:every:CUDNN_STATUS_NOT_SUPPORTED",
              "cudnnGetConvolutionBackwardDataAlgorithm_v7:every:CUDNN_STATUS_NOT_SUPPORTED",
              "cudnnGetConvolutionBackwardFilterAlgorithm_v7:every:CUDNN_STATUS_NOT_SUPPORTED"});
  EXPECT_EQ(find(problem(kMuch)), nullptr);
}

TEST_P(ConvolutionWays, AreNoneWhereCudnnLacksItsLibraryForThem) {
  set_faults({"cudnnCreateConvolutionDescriptor:every:CUDNN_STATUS_NOT_SUPPORTED"});
  EXPECT_EQ(find(problem(kMuch)), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ConvolutionWays,
                         ::testing::Values(ConvolutionKind::result, ConvolutionKind::image,
                                           ConvolutionKind::weight));

TEST(CudnnLibrary, IsNotUsedWhereItDoesNotTakeTheGpu) {
  reset("memory=64MiB");
  Cudnn cudnn(standins_cudnn);
  set_faults({"cudnnCreate:1:CUDNN_STATUS_NOT_SUPPORTED"});
  EXPECT_EQ(cudnn.handle(nullptr), nullptr);
  EXPECT_EQ(cudnn.handle(nullptr), nullptr) << "it is not asked again";
}

TEST(CudnnLibrary, OfAnotherVersionOrWithoutItsFunctionsIsNone) {
  EXPECT_EQ(Cudnn(standins_cudnn).version(), 92600U);
  const std::vector<std::string> others{MEMSWEEP_CUDNN_8, "libm.so.6", "/nowhere/libcudnn.so.9"};
  EXPECT_EQ(Cudnn([&] { return others; }).version(), std::nullopt);
  EXPECT_EQ(Cudnn([] { return std::vector<std::string>{}; }).version(), std::nullopt);
  EXPECT_EQ(Cudnn([&] {
              std::vector<std::string> files = others;
              files.push_back(standins_cudnn().front());
              return files;
            }).version(),
            92600U)
      << "those that cannot be used do not hide it";
}

TEST(CudnnLibrary, SaysWhatFailedAndThatItHadNoMemory) {
  reset("memory=64MiB,fail=cudnnCreate:1:CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED");
  Cudnn cudnn(standins_cudnn);
  try {
    static_cast<void>(cudnn.handle(nullptr));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const CudaError& error) {
    EXPECT_STREQ(
        error.what(),
        "cudnnCreate failed: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED (cuDNN says no more); "
        "a library or the driver had no memory for itself, which no allocator was asked for");
  }
  EXPECT_NE(cudnn.handle(nullptr), nullptr) << "it failed once";
}

}  // namespace
}  // namespace memsweep::standin
