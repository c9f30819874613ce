#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr std::int64_t kSizes[] = {1, 7, 513, 2 * 16'384 + 5};
constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kSmall = 1e-8;

/// What `formula` gives of the elements of up to three vectors.
template <class Formula>
Doubles each(std::initializer_list<const Tensor*> vectors, const Formula& formula) {
  Doubles result;
  for (std::size_t i = 0; i < (*vectors.begin())->values().size(); ++i) {
    double x[3] = {};
    std::size_t k = 0;
    for (const auto* vector : vectors) x[k++] = static_cast<double>(vector->values()[i]);
    result.push_back(formula(x[0], x[1], x[2]));
  }
  return result;
}

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

TEST(CpuVectors, AdamInParts) {
  for (const auto n : kSizes) {
    const auto p = random_tensor({n}, 1), m = random_tensor({n}, 2), v = random_tensor({n}, 3, 1, 1.5f);
    for (const std::int64_t t : {1, 2, 100}) {
      const double c1 = 1 - std::pow(kBeta1, t), c2 = std::sqrt(1 - std::pow(kBeta2, t));
      const auto parts = [&](Op op, std::vector<double> attributes, std::vector<Tensor> inputs) {
        return run(
            {.op = op, .attributes = std::move(attributes), .inputs = std::move(inputs), .step = t})[0];
      };
      expect_near(parts(Op::adam_denominator, {kBeta2, kSmall}, {v}).values(),
                  each({&v}, [&](double x, double, double) { return std::sqrt(x) / c2 + kSmall; }), 3e-7);
      expect_near(parts(Op::adam_divisor, {kBeta2, kSmall}, {v}).values(),
                  each({&v}, [&](double x, double, double) { return x / c2 + kSmall; }), 3e-7);
      expect_near(parts(Op::adam_update, {kLr, kBeta1}, {p, m, v}).values(),
                  each({&p, &m, &v}, [&](double x, double y, double z) { return x - kLr / c1 * y / z; }),
                  3e-7);
    }
  }
}

/// Steps AdamW in f64 and in one pass, from the same gradients.
void follow_adamw(bool amsgrad, std::int64_t n) {
  constexpr double kDecay = 0.1;
  const std::vector<float> zeros(static_cast<std::size_t>(n), 0.0f), none{0.0f};
  std::vector<Tensor> state{random_tensor({n}, 1)};
  const std::size_t moments = amsgrad ? 3 : 2;
  for (std::size_t i = 0; i < moments; ++i) state.emplace_back(Shape{n}, zeros);
  state.emplace_back(Shape{}, none);

  auto p = doubles(state[0].values());
  Doubles m(p.size()), v(p.size()), largest(p.size());
  for (std::int64_t t = 1; t <= 5; ++t) {
    const auto g = random_tensor({n}, 10 + static_cast<std::uint64_t>(t), 1.0f / static_cast<float>(t));
    Example call{.op = Op::adam_fused,
                 .attributes = {kLr, kBeta1, kBeta2, kSmall, kDecay, amsgrad ? 1.0 : 0.0},
                 .inputs = state,
                 .step = t};
    call.inputs.insert(call.inputs.end() - 1, g);
    for (std::size_t i = 0; i <= moments; ++i) call.in_place.push_back(i);
    call.in_place.push_back(moments + 2);
    state = run(call);

    for (std::size_t i = 0; i < p.size(); ++i) {
      const double gi = g.values()[i];
      m[i] = kBeta1 * m[i] + (1 - kBeta1) * gi;
      v[i] = kBeta2 * v[i] + (1 - kBeta2) * gi * gi;
      largest[i] = std::max(largest[i], v[i]);
      const double root = std::sqrt(amsgrad ? largest[i] : v[i]) / std::sqrt(1 - std::pow(kBeta2, t));
      p[i] = p[i] * (1 - kLr * kDecay) - kLr / (1 - std::pow(kBeta1, t)) * m[i] / (root + kSmall);
    }
    expect_near(state[0].values(), p, 1e-6);
    expect_near(state[1].values(), m, 1e-6);
    expect_near(state[2].values(), v, 1e-6);
    if (amsgrad) expect_near(state[3].values(), largest, 1e-6);
    EXPECT_EQ(state.back().values()[0], static_cast<float>(t));
  }
}

TEST(CpuVectors, FusedAdamIsAdamW) {
  for (const auto n : kSizes) follow_adamw(false, n);
}

TEST(CpuVectors, FusedAdamKeepsTheLargestSecondMomentWithAmsgrad) {
  for (const auto n : kSizes) follow_adamw(true, n);
}

}  // namespace
}  // namespace memsweep
