#include "harness/base/parse.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace memsweep {
namespace {

TEST(ParseNumber, TakesATextThatIsANumberAsAWhole) {
  EXPECT_EQ(parse_number<int>("-12"), -12);
  EXPECT_EQ(parse_number<int>("010"), 10);
  EXPECT_EQ(parse_number<double>("1.5e3"), 1500);
}

TEST(ParseNumber, RefusesEverythingElse) {
  for (const char* text : {"", "x", "1x", " 1", "1 ", "1.5", "+1", "0x1"}) {
    EXPECT_FALSE(parse_number<int>(text)) << text;
  }
}

TEST(ParseNumber, RefusesWhatTheTypeCannotHold) {
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_FALSE(parse_number<std::uint32_t>("4294967296"));
  EXPECT_FALSE(parse_number<std::uint32_t>("-1"));
  EXPECT_FALSE(parse_number<double>("1e999"));
}

}  // namespace
}  // namespace memsweep
