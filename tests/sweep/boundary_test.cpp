// The search against a rule that is known, without a device.
#include "harness/sweep/boundary.h"
#include "harness/sweep/growth.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace memsweep {
namespace {

constexpr std::int64_t kLimit = 1 << 20;

Boundary search(std::int64_t truth, std::int64_t guess, std::int64_t limit = kLimit) {
  return find_boundary([truth](std::int64_t value) { return value <= truth; }, guess, limit);
}

TEST(FindBoundary, TakesTwoProbesIfTheGuessIsRight) {
  const Boundary boundary = search(1000, 1000);
  EXPECT_EQ(boundary.largest, 1000);
  EXPECT_EQ(boundary.smallest, 1001);
  EXPECT_EQ(boundary.probes.size(), 2u);
}

TEST(FindBoundary, FindsEverySmallBoundaryFromEveryGuess) {
  for (std::int64_t truth = 0; truth <= 40; ++truth) {
    for (std::int64_t guess = 1; guess <= 40; ++guess) {
      const Boundary boundary = search(truth, guess);
      EXPECT_EQ(boundary.largest, truth);
      EXPECT_EQ(boundary.smallest, truth + 1);
    }
  }
}

TEST(FindBoundary, ProbesBothSidesAndNothingTwice) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t truth = 1 + random() % 100'000, guess = 1 + random() % 100'000;
    const Boundary boundary = search(truth, guess);
    std::set<std::int64_t> seen;
    for (const Probe& probe : boundary.probes) EXPECT_TRUE(seen.insert(probe.value).second);
    EXPECT_TRUE(seen.contains(truth));
    EXPECT_TRUE(seen.contains(truth + 1));
  }
}

TEST(FindBoundary, CostsLittleIfTheGuessIsNear) {
  for (std::int64_t off : {-8, -3, -1, 1, 3, 8}) EXPECT_LE(search(1000, 1000 + off).probes.size(), 9u) << off;
}

TEST(FindBoundary, SaysThatTheLimitFits) {
  const Boundary boundary = search(500, 10, 100);
  EXPECT_EQ(boundary.largest, 100);
  EXPECT_FALSE(boundary.found());
}

TEST(FindBoundary, SaysThatNothingFits) {
  const Boundary boundary = search(0, 64);
  EXPECT_EQ(boundary.largest, 0);
  EXPECT_EQ(boundary.smallest, 1);
}

TEST(FindBoundary, EndsAtABoundaryOfARuleThatIsNotMonotone) {
  const auto fits = [](std::int64_t value) { return value <= 100 || (value >= 200 && value <= 300); };
  for (std::int64_t guess : {1, 90, 150, 250, 400}) {
    const Boundary boundary = find_boundary(fits, guess, kLimit);
    EXPECT_TRUE(fits(boundary.largest));
    EXPECT_FALSE(fits(boundary.smallest));
    EXPECT_EQ(boundary.smallest, boundary.largest + 1);
  }
}

/// `fixed`, or a tenth of it and `each` for every one if that is more.
std::int64_t guess(std::size_t fixed, std::size_t each, std::int64_t limit,
                   std::vector<std::int64_t>* probed = nullptr) {
  constexpr std::size_t kCapacity = 100'000;
  const auto need = [&](std::int64_t value) -> std::optional<std::size_t> {
    if (probed != nullptr) probed->push_back(value);
    const std::size_t bytes = std::max(fixed, fixed / 10 + each * static_cast<std::size_t>(value));
    return bytes <= kCapacity ? std::optional(bytes) : std::nullopt;
  };
  return guess_by_growth(need, limit, kCapacity);
}

TEST(GuessByGrowth, IsRightWhereMemoryGrowsInAStraightLine) {
  EXPECT_EQ(guess(0, 7, kLimit), 100'000 / 7);
  EXPECT_EQ(guess(1000, 3, kLimit), (100'000 - 100) / 3);
}

TEST(GuessByGrowth, IsNoFurtherThanTheLimit) {
  EXPECT_EQ(guess(0, 7, 1000), 1000);
  EXPECT_EQ(guess(0, 7, 1), 1);
  EXPECT_EQ(guess(500, 0, 1000), 1000) << "memory does not grow";
}

TEST(GuessByGrowth, IsTheSmallestWhereThatDoesNotFit) { EXPECT_EQ(guess(200'000, 1, kLimit), 1); }

TEST(GuessByGrowth, LiesBetweenWhereGrowthIsTooFast) {
  const std::int64_t value = guess(0, 30'000, kLimit);
  EXPECT_GT(value, 1);
  EXPECT_LT(value, 8);
}

TEST(GuessByGrowth, NeverProbesMoreThanEightTimesWhatFits) {
  std::vector<std::int64_t> probed;
  static_cast<void>(guess(50'000, 3, kLimit, &probed));
  for (std::size_t i = 1; i < probed.size(); ++i) EXPECT_LE(probed[i], 8 * probed[i - 1]);
}

}  // namespace
}  // namespace memsweep
