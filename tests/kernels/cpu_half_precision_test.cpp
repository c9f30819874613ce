#include "kernels/cpu/half_precision.h"

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/half.h"
#include "tests/kernels/examples.h"
#include "tests/kernels/half_operands.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(HalfPrecision, EveryOpComputesInF32AndRoundsEachResultOnce) {
  for (const double type : {kF16, kBf16}) {
    for (const Example& example : examples_of_every_op(65, 33)) {
      if (has_types_of_its_own(example.op)) continue;
      const Example narrow = in_type(example, type);
      Example wide = narrow;
      wide.generated = example.generated;
      for (Tensor& x : wide.inputs) {
        if (is_half(x)) x = cast_to(x, kF32);
      }
      const auto ours = run(narrow), exact = run(wide);
      ASSERT_EQ(ours.size(), exact.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_TRUE(ours[i].same_bits(is_half(ours[i]) ? cast_to(exact[i], type) : exact[i]))
            << row_of(example.op).name << ", output " << i;
      }
    }
  }
}

TEST(HalfPrecision, ProductsAreSummedUpInF32WithTheirBias) {
  const std::vector<float> ones(1024, 1), bias{3};
  const Tensor x = cast_to({{1, 1024}, ones}, kBf16), b = cast_to({{1}, bias}, kBf16);
  const auto y = run({Op::addmm, {}, {x, x, b}})[0];
  EXPECT_EQ(f32_of_bf16(y.values<std::uint16_t>()[0]), 1024);  // 1027, rounded; sums in bf16 end at 256
  const Tensor b5 = cast_to({{1}, std::vector<float>{5}}, kBf16);
  EXPECT_EQ(f32_of_bf16(run({Op::addmm, {}, {x, x, b5}})[0].values<std::uint16_t>()[0]), 1032);  // 1029
}

TEST(HalfPrecision, StatisticsOfALayerNormStayF32) {
  const Tensor x = cast_to(random_tensor({4, 8}, 1), kBf16), w = cast_to(random_tensor({8}, 2), kBf16);
  const auto out = run({Op::layer_norm, {1e-5}, {x, w, w}});
  EXPECT_EQ(out[0].type().dtype, DType::bf16);
  EXPECT_EQ(out[1].type().dtype, DType::f32);
  EXPECT_EQ(out[2].type().dtype, DType::f32);
}

TEST(HalfPrecision, AnOverflowIsInfinite) {
  const std::vector<float> large{300};
  const Tensor x = cast_to({{1, 1}, large}, kF16);
  EXPECT_EQ(f32_of_f16(run({Op::mm, {0, 0}, {x, x}})[0].values<std::uint16_t>()[0]), kInfinity);
}

TEST(HalfPrecision, ASumOfTwoTypesIsF32) {
  const auto x = random_tensor({5}, 1), y = random_tensor({5}, 2);
  const auto sum = run({Op::add, {}, {x, cast_to(y, kBf16)}})[0];
  EXPECT_TRUE(sum.same_bits(run({Op::add, {}, {x, cast_to(cast_to(y, kBf16), kF32)}})[0]));
}

TEST(Tf32, RoundsOperandsOfProductsAndNothingElse) {
  const std::vector<float> fine{1 + 0x1p-12F};
  const Tensor x({1, 1}, fine);
  Example product{Op::mm, {0, 0}, {x, x}}, sum{Op::add, {}, {x, x}};
  product.tf32 = sum.tf32 = true;
  EXPECT_EQ(run(product)[0].values()[0], 1);
  EXPECT_EQ(run(sum)[0].values()[0], 2 * fine[0]);
  product.tf32 = false;
  EXPECT_GT(run(product)[0].values()[0], 1);
}

Tensor scalar(float value) { return {Shape{}, std::vector<float>{value}}; }

TEST(LossScaling, InfinityOrNanAnywhereIsFound) {
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (const std::size_t at : {0u, 63u, 99u}) {
      std::vector<float> values(100, 8);
      values[at] = bad;
      const auto out = run({Op::check_and_unscale,
                            {},
                            {random_tensor({7}, 1), {{100}, values}, scalar(0), scalar(0.25)},
                            {0, 1, 2}});
      EXPECT_EQ(out[2].values()[0], 1) << bad << " at " << at;
      EXPECT_EQ(out[1].values()[50], 2);
    }
  }
  const auto largest = scalar(std::numeric_limits<float>::max());
  EXPECT_EQ(run({Op::check_and_unscale, {}, {largest, scalar(0), scalar(2)}, {0, 1}})[1].values()[0], 0);
}

TEST(LossScaling, TheScaleGrowsAfterAnIntervalAndFallsAtOnce) {
  const auto update = [](float scale, float tracker, float found) {
    const auto out =
        run({Op::update_scale, {2, 0.5, 3}, {scalar(scale), scalar(tracker), scalar(found)}, {0, 1}});
    return std::pair{out[0].values()[0], out[1].values()[0]};
  };
  EXPECT_EQ(update(8, 0, 0), std::pair(8.0F, 1.0F));
  EXPECT_EQ(update(8, 2, 0), std::pair(16.0F, 0.0F));
  EXPECT_EQ(update(8, 2, 1), std::pair(4.0F, 0.0F));
  EXPECT_EQ(update(0x1p127F, 2, 0), std::pair(0x1p127F, 0.0F));
}

TEST(LossScaling, TheReciprocalIsTakenInF64) {
  const Tensor wide = cast_to(scalar(0x1p127F), static_cast<double>(DType::f64));
  EXPECT_EQ(wide.values<double>()[0], 0x1p127);
  EXPECT_EQ(cast_to(run({Op::reciprocal, {}, {wide}})[0], kF32).values()[0], 0x1p-127F);  // subnormal, not 0
}

}  // namespace
}  // namespace memsweep
