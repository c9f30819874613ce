#include "harness/base/nearest.h"

#include <array>

#include <gtest/gtest.h>

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 3> kKnown{"checkpointing", "fragmentation", "cleanup"};

TEST(Unknown, NamesTheNearestForATypingError) {
  EXPECT_EQ(unknown("scenario", "chekpointing", kKnown),
            "there is no scenario 'chekpointing'; did you mean 'checkpointing'?");
}

TEST(Unknown, NamesAllWhereNoneIsNear) {
  EXPECT_EQ(unknown("scenario", "x", kKnown),
            "there is no scenario 'x'; known are: checkpointing, fragmentation, cleanup");
}

TEST(Unknown, ABeginningStandsForTheWholeName) {
  EXPECT_EQ(unknown("scenario", "frag", kKnown),
            "there is no scenario 'frag'; did you mean 'fragmentation'?");
}

TEST(Unknown, ANameWithoutARightLetterIsNoTypingError) {
  constexpr std::array<std::string_view, 2> kShort{"t4", "l4"};
  EXPECT_EQ(unknown("profile", "", kShort), "there is no profile ''; known are: t4, l4");
  EXPECT_EQ(unknown("profile", "x1", kShort), "there is no profile 'x1'; known are: t4, l4");
  EXPECT_EQ(unknown("profile", "x4", kShort), "there is no profile 'x4'; did you mean 't4'?");
}

}  // namespace
}  // namespace memsweep
