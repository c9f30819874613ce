#include "kernels/cpu/transcendental.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace memsweep {
namespace {

/// Largest distance of `actual` from `exact` on [low, high], in units of the last place of the exact value.
template <class Actual, class Exact>
double worst_ulp(double low, double high, const Actual& actual, const Exact& exact) {
  constexpr int kPoints = 1'000'003;
  double worst = 0;
  for (int i = 0; i <= kPoints; ++i) {
    const auto x = static_cast<float>(low + (high - low) * i / kPoints);
    const double truth = exact(static_cast<double>(x));
    const float near = std::abs(static_cast<float>(truth));
    const double ulp =
        static_cast<double>(std::nextafter(near, std::numeric_limits<float>::infinity()) - near);
    worst = std::max(worst, std::abs(static_cast<double>(actual(x)) - truth) / ulp);
  }
  return worst;
}

TEST(Transcendental, ExpIsGoodToTwoUlp) {
  EXPECT_LE(worst_ulp(-87, 88, cpu::exp, [](double x) { return std::exp(x); }), 2);
  EXPECT_LE(worst_ulp(-1, 1, cpu::exp, [](double x) { return std::exp(x); }), 2);
}

TEST(Transcendental, ExpReachesItsLimits) {
  EXPECT_EQ(cpu::exp(0), 1.0f);
  EXPECT_EQ(cpu::exp(-89), 0.0f);
  EXPECT_EQ(cpu::exp(-std::numeric_limits<float>::infinity()), 0.0f);
  EXPECT_EQ(cpu::exp(89), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(cpu::exp(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Transcendental, TanhIsGoodToThreeUlpDownToTheSmallest) {
  EXPECT_LE(worst_ulp(-12, 12, cpu::tanh, [](double x) { return std::tanh(x); }), 3);
  EXPECT_LE(worst_ulp(-1e-3, 1e-3, cpu::tanh, [](double x) { return std::tanh(x); }), 3);
  EXPECT_EQ(cpu::tanh(1e-38f), 1e-38f);
}

TEST(Transcendental, SigmoidIsGoodToThreeUlp) {
  EXPECT_LE(worst_ulp(-80, 80, cpu::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }), 3);
}

TEST(Transcendental, TheNormalDistributionIsGoodToTheSeventhDecimalAndInItsTail) {
  double worst = 0, worst_in_tail = 0;
  for (int i = -150'000; i <= 150'000; ++i) {
    const float x = static_cast<float>(i) * 1e-4f;
    const double truth = 0.5 * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
    const double distance = std::abs(static_cast<double>(cpu::normal(x).below) - truth);
    worst = std::max(worst, distance);
    if (x > -5 && x < 0) worst_in_tail = std::max(worst_in_tail, distance / truth);
  }
  EXPECT_LE(worst, 2e-7);
  EXPECT_LE(worst_in_tail, 1.2e-6);
}

}  // namespace
}  // namespace memsweep
