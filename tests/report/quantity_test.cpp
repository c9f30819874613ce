#include "harness/report/quantity.h"

#include <gtest/gtest.h>

namespace memsweep {
namespace {

TEST(Duration, HasThreeDigitsAndTheUnitInWhichItHasThem) {
  EXPECT_EQ(format_duration(0), "0us");
  EXPECT_EQ(format_duration(789e-6), "789us");
  EXPECT_EQ(format_duration(45.61e-3), "45.6ms");
  EXPECT_EQ(format_duration(1.234), "1.23s");
}

TEST(Duration, ThatRoundsToAThousandTakesTheNextUnit) {
  EXPECT_EQ(format_duration(999.4e-6), "999us");
  EXPECT_EQ(format_duration(999.6e-6), "1ms");
  EXPECT_EQ(format_duration(12345), "12345s");
}

TEST(Count, HasThreeDigitsAndAPrefix) {
  EXPECT_EQ(format_count(1.383), "1.38");
  EXPECT_EQ(format_count(950), "950");
  EXPECT_EQ(format_count(999.6), "1k");
  EXPECT_EQ(format_count(4'216'000), "4.22M");
  EXPECT_EQ(format_count(3.1e9), "3.1G");
  EXPECT_EQ(format_count(5e16), "50000T");
}

TEST(Quantity, SharesAreWholeHundredths) {
  EXPECT_EQ(format_share(0), "0%");
  EXPECT_EQ(format_share(0.126), "13%");
  EXPECT_EQ(format_share(1), "100%");
}

}  // namespace
}  // namespace memsweep
