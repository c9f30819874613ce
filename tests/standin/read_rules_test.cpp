// What a program is told of values that no kernel computed, by the kernels that would have.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

// As nvcc has it called.
extern "C" void __cudaRegisterFunction(void**, const char* function, char*, const char* name, int, void*,
                                       void*, void*, void*, int*);

namespace memsweep::standin {
namespace {

/// Kernels of PyTorch 2.11 and 2.15 by what matters of their names.
constexpr const char* kAll =
    "_ZN2at6native13reduce_kernelILi512ENS0_8ReduceOpIbZZZNS0_15and_kernel_cudaERNS_";
constexpr const char* kAny = "_ZN2at6native13reduce_kernelILi512ENS0_8ReduceOpIbZZZNS0_14or_kernel_cudaERNS_";
constexpr const char* kMask =
    "_ZN3cub6detail6reduce28DeviceReduceSingleTileKernelINS2_10policy_hubIiyN4cuda3std3__44plusIvEEE"
    "N2at6native9NonZeroOpIbEEPiy";
constexpr const char* kOlderMask =  // up to PyTorch 2.10
    "_ZN14at_cuda_detail3cub28DeviceReduceSingleTileKernelINS0_18DeviceReducePolicyIijN4cuda3std3__"
    "44plusIvEEE9Policy600E"
    "NS0_22TransformInputIteratorIbN2at6native9NonZeroOpIbEEPKblEEPijS7_i";
constexpr const char* kMaskParts =
    "_ZN3cub6detail6reduce18DeviceReduceKernelINS2_10policy_hubIiyN4cuda3std3__44plusIvEEEN2at6native"
    "9NonZeroOpIbEEy";
constexpr const char* kSumOfParts =
    "_ZN3cub6detail6reduce28DeviceReduceSingleTileKernelINS2_10policy_hubIiyN4cuda3std3__44plusIvEEEPiS8_i";
constexpr const char* kOther = "_ZN2at6native13reduce_kernelILi512ENS0_8ReduceOpIfNS0_7sum_functorIfEEEE";

constexpr const char* kCompared =
    "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_13BinaryFunctorIffbNS0_16CompareEqFunctorIfEEEE";
constexpr const char* kComparedWithConstant =
    "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_13AUnaryFunctorIffbNS0_16CompareEqFunctorIfEEEE";
constexpr const char* kAbsolute =
    "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_10AbsFunctorIfEEEEviT0_";
constexpr const char* kGreater =
    "_ZN2at6native29vectorized_elementwise_kernelILi4EZNS0_21compare_scalar_kernelIfEE";
constexpr const char* kSmallest =
    "_ZN2at6native13reduce_kernelILi512ELi1ENS0_8ReduceOpIfNS0_14func_wrapper_tIfNS0_13MinNanFunctorIfEEEEjf";
constexpr const char* kFillWithTrue =
    "_ZN2at6native29vectorized_elementwise_kernelILi8ENS0_11FillFunctorIbEESt5arrayIPcLm1EELb0EEEviT0_T1_";
constexpr const char* kToTruth =
    "_ZN2at6native27unrolled_elementwise_kernelIZZZNS0_23direct_copy_kernel_cudaERNS_"
    "18TensorIteratorBaseEENKUlvE1_"
    "clEvENKUlvE9_clEvEUlbE_St5arrayIPcLm2EELi4E";

class StandinReadRules : public testing::Test {
 protected:
  void SetUp() override { begin("memory=64MiB"); }

  void begin(const char* settings) {
    reset(settings);
    void* data = nullptr;
    ASSERT_EQ(cudaMalloc(&data, 1 << 20), cudaSuccess);
    data_ = static_cast<char*>(data);
  }

  static void launch(const char* kernel, std::array<void*, 3> arguments = {}) {
    __cudaRegisterFunction(nullptr, kernel, nullptr, kernel, 0, nullptr, nullptr, nullptr, nullptr, nullptr);
    ASSERT_EQ(cudaLaunchKernel(kernel, dim3(1, 1, 1), dim3(1, 1, 1), arguments.data(), 0, nullptr),
              cudaSuccess);
  }

  /// A kernel of CUB sums `count` elements at `in` to `out`.
  static void sum(const char* kernel, void* in, void* out, std::uint64_t count) {
    launch(kernel, {&in, &out, &count});
  }

  template <class Value>
  Value read(std::size_t offset = 0) {
    Value value{};
    EXPECT_EQ(cudaMemcpy(&value, data_ + offset, sizeof(value), cudaMemcpyDeviceToHost), cudaSuccess);
    return value;
  }

  static const Observations& seen() { return model().observations; }

  char* data_ = nullptr;
};

TEST_F(StandinReadRules, AllHoldsAndAnyDoesNot) {
  launch(kAll);
  EXPECT_TRUE(read<bool>());
  launch(kAny);
  EXPECT_FALSE(read<bool>());
  EXPECT_EQ(seen().truths_by_rule, 2U);
  EXPECT_EQ(seen().blind_reads, 0U);
}

TEST_F(StandinReadRules, AnotherKernelOrAnUploadEndsTheRule) {
  launch(kAll);
  EXPECT_EQ(read<int>(), 0) << "no truth";
  launch(kOther);
  EXPECT_FALSE(read<bool>());
  launch(kAll);
  EXPECT_EQ(cudaMemset(data_, 0, 1), cudaSuccess);
  EXPECT_FALSE(read<bool>());
  EXPECT_EQ(seen().truths_by_rule, 0U);
  EXPECT_EQ(seen().blind_reads, 2U);
  EXPECT_EQ(seen().shadow_reads, 1U);
}

TEST_F(StandinReadRules, OneElementIsComparedAndCopied) {
  int equal = 0, not_equal = 1;
  const auto answer = [&](const char* kernel, int* comparison) {
    launch(kernel, {nullptr, comparison, nullptr});
    EXPECT_EQ(cudaMemcpy(data_ + 512, data_, 1, cudaMemcpyDeviceToDevice), cudaSuccess);
    return read<bool>(512);
  };
  EXPECT_TRUE(answer(kCompared, &equal)) << "x == x, as real numbers are validated";
  EXPECT_FALSE(answer(kCompared, &not_equal)) << "isnan()";
  EXPECT_TRUE(answer(kComparedWithConstant, &equal));
  launch(kAbsolute);
  EXPECT_FALSE(answer(kComparedWithConstant, &equal)) << "isinf()";
  EXPECT_TRUE(answer(kGreater, nullptr));
  EXPECT_TRUE(answer(kAll, nullptr)) << "all() of all()";
  EXPECT_EQ(seen().truths_by_rule, 6U);
  launch(kGreater);
  EXPECT_FALSE(read<bool>()) << "a branch on a comparison is no question for all()";
  EXPECT_EQ(seen().blind_reads, 1U);
}

TEST_F(StandinReadRules, AnInfoIsNoErrorAndNoValueIsLessThanABound) {
  const auto of_one_element = [&] {
    EXPECT_EQ(cudaMemcpy(data_ + 512, data_, 1, cudaMemcpyDeviceToDevice), cudaSuccess);
    return read<bool>(512);
  };
  launch(kToTruth);
  EXPECT_FALSE(of_one_element()) << "any() of one number, as decompositions ask of their info";
  int equal = 0;
  bool is_true = true;
  const auto compare_with_true = [&] {
    launch(kFillWithTrue, {nullptr, &is_true});
    launch(kCompared, {nullptr, &equal, nullptr});
  };
  launch(kSmallest);
  launch(kGreater);
  compare_with_true();
  EXPECT_FALSE(of_one_element()) << "as istft() asks of its windows";
  launch(kGreater);
  compare_with_true();
  EXPECT_TRUE(of_one_element());
  launch(kSmallest);
  launch(kGreater);
  EXPECT_TRUE(read<bool>()) << "assert x.min() >= 0";
  EXPECT_EQ(seen().truths_by_rule, 4U);
  EXPECT_EQ(seen().blind_reads, 0U);
}

TEST_F(StandinReadRules, AResultIsNotWhatTheHostPutThereBefore) {
  EXPECT_EQ(cudaMemset(data_, 0, 1), cudaSuccess);
  launch(kAll);
  EXPECT_TRUE(read<bool>());
}

TEST_F(StandinReadRules, AllElementsOfAMaskHoldUnlessTheSettingsSayOtherwise) {
  sum(kMask, data_, data_ + 512, 1000);
  EXPECT_EQ(read<int>(512), 1000);
  EXPECT_EQ(read<int>(1024), 0) << "of something else";
  sum(kOlderMask, data_, data_ + 512, 2000);
  EXPECT_EQ(read<int>(512), 2000);
  begin("memory=64MiB,density=0.25");
  sum(kMask, data_, data_ + 512, 1000);
  EXPECT_EQ(read<int>(512), 250);
  EXPECT_EQ(seen().counts_by_rule, 1U);
  launch(kOther);
  EXPECT_EQ(read<int>(512), 0) << "it may have been overwritten";
}

TEST_F(StandinReadRules, ALargeMaskIsCountedByTwoKernels) {
  sum(kMaskParts, data_, data_ + 4096, 5'000'000);
  sum(kSumOfParts, data_ + 4096, data_ + 512, 132);
  EXPECT_EQ(read<int>(512), 5'000'000);
  sum(kSumOfParts, data_ + 8192, data_ + 1024, 132);
  EXPECT_EQ(read<int>(1024), 0) << "parts of no mask";
}

TEST_F(StandinReadRules, PiecesOfAVeryLargeMaskAreReadAtOnce) {
  sum(kMask, data_, data_ + 512, 7);
  sum(kMask, data_, data_ + 516, 8);
  EXPECT_EQ((read<std::array<int, 2>>(512)), (std::array<int, 2>{7, 8}));
}

TEST_F(StandinReadRules, TheWatcherIsToldOfTheFirstOfEachKindOutsideOfTheLock) {
  static std::vector<std::string> told;
  told.clear();
  memsweep_standin_watch([](const char* what) {
    told.emplace_back(what);
    EXPECT_GT(calls_of("cudaMemcpy"), 0U) << "takes the lock itself";
  });
  launch(kOther);
  read<int>();
  read<int>();
  launch(kAll);
  read<bool>();
  memsweep_standin_watch(nullptr);
  sum(kMask, data_, data_ + 512, 7);
  read<int>(512);
  EXPECT_EQ(told, (std::vector<std::string>{"blind read", "truth by rule"}));
}

}  // namespace
}  // namespace memsweep::standin
