#include "harness/cli/options.h"

#include <gtest/gtest.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

using Batches = std::vector<std::int64_t>;

TEST(Batches, AreListedOrMultipliedOrStepped) {
  EXPECT_EQ(parse_batches("64"), (Batches{64}));
  EXPECT_EQ(parse_batches("64,128,256"), (Batches{64, 128, 256}));
  EXPECT_EQ(parse_batches("64:512:x2"), (Batches{64, 128, 256, 512}));
  EXPECT_EQ(parse_batches("64:500:x2"), (Batches{64, 128, 256}));
  EXPECT_EQ(parse_batches("10:30:+10"), (Batches{10, 20, 30}));
  EXPECT_EQ(parse_batches("7,10:30:+10"), (Batches{7, 10, 20, 30}));
  EXPECT_EQ(parse_batches("2147483648:2147483648:x2"), (Batches{2147483648}));
}

TEST(Batches, KeepTheirOrderAndAreNeverMeasuredTwice) {
  EXPECT_EQ(parse_batches("8,4,8,4:16:x2"), (Batches{8, 4, 16}));
}

TEST(Batches, ThatAreNoneAreRefused) {
  for (const char* text : {"", ",", "4,", "a", "4.5", "-4", " 4", "4:8", "4:8:x", "4:8:y2", "4:8:x2:x2",
                           "0:8:x2", "4:8:+0", "2147483649"}) {
    EXPECT_THROW(static_cast<void>(parse_batches(text)), UsageError) << text;
  }
}

TEST(Probabilities, LieBelowOne) {
  EXPECT_EQ(parse_probability("0"), 0);
  EXPECT_EQ(parse_probability("0.25"), 0.25);
  for (const char* text : {"", "half", "-0.1", "1", "nan", "0.5 "}) {
    EXPECT_THROW(static_cast<void>(parse_probability(text)), UsageError) << text;
  }
}

TEST(Names, StandBetweenCommasAndCountOnce) {
  EXPECT_EQ(parse_names("none,sqrt,none"), (std::vector<std::string>{"none", "sqrt"}));
  EXPECT_EQ(parse_names("none,"), (std::vector<std::string>{"none", ""}));
}

TEST(TrialOptions, FollowTheReleaseAndItsSettings) {
  RunOptions options;
  options.pytorch = "2.11";
  options.alloc_conf = "max_split_size_mb:64";
  options.steps = 7;
  options.time_limit = 0.25;
  const TrialOptions trial = trial_options_of(options);
  EXPECT_EQ(trial.release, PytorchRelease::v2_11);
  EXPECT_EQ(trial.settings.max_split_size, std::size_t{64} << 20);
  EXPECT_EQ(trial.least_steps, 7);
  ASSERT_TRUE(trial.timing.has_value());
  EXPECT_EQ(trial.timing->seconds, 0.25);
}

}  // namespace
}  // namespace memsweep
