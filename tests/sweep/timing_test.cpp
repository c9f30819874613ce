// The stop rule on streams of times that are made up: no clock is read.
#include "harness/sweep/timing.h"

#include <gtest/gtest.h>

namespace memsweep {
namespace {

TEST(Spread, HasTheQuartilesOfItsSamples) {
  const Spread spread = spread_of({5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(spread.median, 3);
  EXPECT_DOUBLE_EQ(spread.iqr, 2);
  EXPECT_EQ(spread.samples, 5u);
  EXPECT_DOUBLE_EQ(spread_of({1, 2}).median, 1.5);
}

TEST(Spread, OfNothingIsZero) {
  EXPECT_EQ(spread_of({}).samples, 0u);
  EXPECT_EQ(median_uncertainty(spread_of({})), 0);
}

TEST(Spread, IsDistinguishableIfTheMediansAreFurtherApartThanTheyMayBeOff) {
  const Spread slow = spread_of({1.0, 1.1, 1.2, 1.3, 1.4}), fast = spread_of({0.1, 0.2, 0.3, 0.4, 0.5});
  EXPECT_TRUE(distinguishable(slow, fast));
  EXPECT_FALSE(distinguishable(slow, spread_of({1.1, 1.2, 1.3, 1.4, 1.5})));
  EXPECT_FALSE(distinguishable(slow, slow));
}

/// How many samples of `next(i)` the rule takes.
template <typename Next>
std::size_t samples_taken(const StopRule& rule, Next next) {
  std::vector<double> samples;
  double elapsed = 0;
  do {
    samples.push_back(next(samples.size()));
    elapsed += samples.back();
  } while (!rule.enough(spread_of(samples), elapsed));
  return samples.size();
}

TEST(StopRule, StopsAtTheLeastNumberOfSamplesIfTheyAgree) {
  EXPECT_EQ(samples_taken({}, [](std::size_t) { return 0.01; }), StopRule{}.min_samples);
}

TEST(StopRule, GoesOnWhileTheMedianIsUncertain) {
  const auto uneven = [](std::size_t i) { return i % 2 == 0 ? 0.010 : 0.012; };
  EXPECT_EQ(samples_taken({}, uneven), StopRule{}.max_samples);
}

TEST(StopRule, StopsAtItsTimeLimit) {
  const auto slow = [](std::size_t i) { return i % 2 == 0 ? 1.0 : 1.5; };
  EXPECT_EQ(samples_taken({.seconds = 2}, slow), StopRule{}.min_samples);
}

TEST(StopRule, CallsNoisyWhatItDoesNotKnowWellEnough) {
  EXPECT_FALSE(StopRule{}.noisy(spread_of({1, 1, 1})));
  EXPECT_TRUE(StopRule{}.noisy(spread_of({1, 1.2, 1.4})));
}

}  // namespace
}  // namespace memsweep
