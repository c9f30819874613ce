#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr std::int64_t kSizes[] = {1, 7, 513, 2 * 16'384 + 5};

TEST(CpuVectors, CloneCopiesAndZerosLikeIsZero) {
  for (const auto n : kSizes) {
    const auto x = random_tensor({n}, 1);
    EXPECT_TRUE(run({Op::clone, {}, {x}})[0].same_bits(x));
    const auto zeros = run({Op::zeros_like, {}, {x}});
    for (const float value : zeros[0].values()) ASSERT_EQ(value, 0.0f);
  }
}

TEST(CpuVectors, LinearCombinations) {
  for (const auto n : kSizes) {
    const auto y = random_tensor({n}, 1), x = random_tensor({n}, 2);
    expect_near(run({Op::scale, {0.3}, {y}, {0}})[0].values(),
                each({&y}, [](double a, double, double) { return 0.3 * a; }), 2e-7);
    expect_near(run({Op::axpby, {0.9, 0.1}, {y, x}, {0}})[0].values(),
                each({&y, &x}, [](double a, double b, double) { return 0.9 * a + 0.1 * b; }), 2e-7);
    expect_near(run({Op::add_scaled, {-0.7}, {x, y}})[0].values(),
                each({&x, &y}, [](double a, double b, double) { return a - 0.7 * b; }), 2e-7);
    expect_near(run({Op::ema_square, {0.999}, {y, x}, {0}})[0].values(),
                each({&y, &x}, [](double v, double g, double) { return 0.999 * v + 0.001 * g * g; }), 2e-7);
  }
}

TEST(CpuVectors, OneMinusBetaIsTakenBeforeItIsRounded) {
  const std::vector<float> zero(9, 0.0f), one(9, 1.0f);
  const auto v = run({Op::ema_square, {0.9999999}, {Tensor({9}, zero), Tensor({9}, one)}, {0}});
  EXPECT_EQ(v[0].values()[0], static_cast<float>(1 - 0.9999999));
}

TEST(CpuVectors, MaximumAndSqrt) {
  for (const auto n : kSizes) {
    const auto a = random_tensor({n}, 1), b = random_tensor({n}, 2), positive = random_tensor({n}, 3, 1, 1);
    expect_near(run({Op::maximum, {}, {a, b}, {0}})[0].values(),
                each({&a, &b}, [](double x, double y, double) { return std::max(x, y); }), 0);
    expect_near(run({Op::sqrt, {}, {positive}})[0].values(),
                each({&positive}, [](double x, double, double) { return std::sqrt(x); }), 1e-7);
  }
}

TEST(CpuVectors, MaximumKeepsNaNOfEitherSide) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> a{nan, 1, nan}, b{1, nan, nan};
  const auto result = run({Op::maximum, {}, {Tensor({3}, a), Tensor({3}, b)}, {0}});
  for (const float value : result[0].values()) EXPECT_TRUE(std::isnan(value));
}

TEST(CpuVectors, SquaresAndMagnitudes) {
  for (const auto n : kSizes) {
    const auto s = random_tensor({n}, 1, 1, 2), x = random_tensor({n}, 2);
    expect_near(run({Op::add_square, {-1}, {s, x}})[0].values(),
                each({&s, &x}, [](double a, double b, double) { return a - b * b; }), 2e-7);
    expect_near(run({Op::square, {}, {x}})[0].values(),
                each({&x}, [](double a, double, double) { return a * a; }), 1e-7);
    expect_near(run({Op::magnitude, {0.25}, {x}})[0].values(),
                each({&x}, [](double a, double, double) { return std::abs(a) + 0.25; }), 1e-7);
    expect_near(run({Op::sqrt_sum, {0.25}, {s}})[0].values(),
                each({&s}, [](double a, double, double) { return std::sqrt(a + 0.25); }), 2e-7);
  }
}

TEST(CpuVectors, ProductsAndQuotients) {
  for (const auto n : kSizes) {
    const auto y = random_tensor({n}, 1), x = random_tensor({n}, 2), d = random_tensor({n}, 3, 1, 2);
    expect_near(run({Op::multiply, {}, {y, x}})[0].values(),
                each({&y, &x}, [](double a, double b, double) { return a * b; }), 1e-7);
    expect_near(run({Op::add_product, {}, {y, x, d}, {0}})[0].values(),
                each({&y, &x, &d}, [](double a, double b, double c) { return a + b * c; }), 3e-7);
    expect_near(run({Op::rescale, {}, {y, d, x}, {0}})[0].values(),
                each({&y, &d, &x}, [](double a, double b, double c) { return a / b * c; }), 3e-7);
    const std::vector<float> eight{8.0f};
    expect_near(run({Op::divide_by, {}, {y, Tensor({}, eight)}, {0}})[0].values(),
                each({&y}, [](double a, double, double) { return a / 8; }), 1e-7);
  }
}

TEST(CpuVectors, PowerOfANumber) {
  const std::vector<float> exponents{1.0f};
  EXPECT_EQ(run({Op::power, {0.9}, {Tensor({}, exponents)}})[0].values()[0], 0.9f);
}

}  // namespace
}  // namespace memsweep
