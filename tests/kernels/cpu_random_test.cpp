#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/operands.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr std::int64_t kMany = 100'003;

Tensor drawn(Op op, std::vector<double> attributes, DType dtype, std::int64_t step = 1) {
  return run({.op = op,
              .attributes = std::move(attributes),
              .inputs = {},
              .generated = {{{kMany}, dtype}},
              .step = step})[0];
}

TEST(CpuRandom, UniformIsScaledBeforeItIsShifted) {
  const auto weights = drawn(Op::uniform, {3, 11, 0, 1, 0, 0.3, 0}, DType::f32);
  const auto around_one = drawn(Op::uniform, {3, 11, 0, 1, 0, 0.25, 1}, DType::f32);
  const Generator generator(3, 11);
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(weights.values()[i], generator.uniform(i) * 0.3f);
    ASSERT_EQ(around_one.values()[i], 1.0f + generator.uniform(i) * 0.25f);
  }
}

TEST(CpuRandom, IntegersAreTheDrawModuloN) {
  const auto y = drawn(Op::integers, {3, 12, 0, 1, 0, 10}, DType::i64);
  const Generator generator(3, 12);
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_EQ(y.values<std::int64_t>()[i], generator.u24(i) % 10);
}

TEST(CpuRandom, AStepDrawsItsBatchAndBatchesComeRound) {
  const std::vector<double> attributes{3, 1000, 100, 4, 0, 2, 0};
  for (const std::int64_t step : {1, 2, 4, 5, 7}) {
    const double id = 1000 + 100 * static_cast<double>((step - 1) % 4);
    EXPECT_TRUE(drawn(Op::uniform, attributes, DType::f32, step)
                    .same_bits(drawn(Op::uniform, {3, id, 0, 1, 0, 2, 0}, DType::f32)))
        << "step " << step;
  }
}

TEST(CpuRandom, ASliceHasTheValuesThatItHasInTheWhole) {
  constexpr std::int64_t kFirst = 77;
  const auto whole = drawn(Op::uniform, {3, 11, 0, 1, 0, 2, 0}, DType::f32);
  const auto slice = drawn(Op::uniform, {3, 11, 0, 1, kFirst, 2, 0}, DType::f32);
  for (std::size_t i = 0; i < kMany - kFirst; ++i) ASSERT_EQ(slice.values()[i], whole.values()[kFirst + i]);
}

std::vector<Tensor> dropout(double p, const Tensor& x, std::int64_t step = 1) {
  return run({.op = Op::dropout, .attributes = {p, 5, 3000, 100, 2, 0}, .inputs = {x}, .step = step});
}

TEST(CpuRandom, DropoutKeepsTheRightFractionAndScalesIt) {
  const auto x = random_tensor({kMany}, 1);
  for (const double p : {0.0, 0.1, 0.5, 0.9}) {
    const auto result = dropout(p, x);
    const Generator generator(5, 3000);
    int kept = 0;
    for (std::size_t i = 0; i < kMany; ++i) {
      const bool keep = generator.u24(i) >= std::floor(p * (1 << 24));
      ASSERT_EQ(result[0].values<std::uint8_t>()[i], keep ? 1 : 0);
      ASSERT_EQ(result[1].values()[i], keep ? x.values()[i] * static_cast<float>(1 / (1 - p)) : 0.0f);
      kept += keep;
    }
    EXPECT_NEAR(kept / static_cast<double>(kMany), 1 - p, 0.006) << "four standard deviations";
  }
}

TEST(CpuRandom, ARecomputedMaskIsTheSameMaskAndAnotherStepHasAnother) {
  const auto x = random_tensor({kMany}, 1);
  EXPECT_TRUE(dropout(0.5, x, 1)[0].same_bits(dropout(0.5, x, 3)[0]));
  EXPECT_FALSE(dropout(0.5, x, 1)[0].same_bits(dropout(0.5, x, 2)[0]));
}

TEST(CpuRandom, DropoutBackwardIsDropoutOfTheGradient) {
  const auto x = random_tensor({kMany}, 1), grad = random_tensor({kMany}, 2);
  const auto mask = dropout(0.3, x)[0];
  EXPECT_TRUE(run({Op::dropout_backward, {0.3}, {grad, mask}})[0].same_bits(dropout(0.3, grad)[1]));
}

}  // namespace
}  // namespace memsweep
