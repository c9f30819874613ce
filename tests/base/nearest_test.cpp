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

}  // namespace
}  // namespace memsweep
