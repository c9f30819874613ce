// The same trace under other settings: which serves a user better, and what is recommended.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/trace/pinned.h"
#include "harness/trace/what_if.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;

/// 100 MiB nine times, the odd ones freed, then 300 MiB: enough is free, but nowhere in one piece.
Trace holes_in_one_segment() {
  Trace trace;
  trace.free(trace.allocate(900_MiB));
  std::vector<TraceBlock> blocks;
  for (int i = 0; i < 9; ++i) blocks.push_back(trace.allocate(100_MiB));
  for (std::size_t i = 0; i < blocks.size(); i += 2) trace.free(blocks[i]);
  trace.allocate(300_MiB);
  return trace;
}

TEST(WhatIf, EndsAtTheRequestThatIsRefusedAndTellsTheSmallestDevice) {
  const WhatIf tight = what_if(holes_in_one_segment(), "", kNewest, {1000_MiB, 0});
  ASSERT_TRUE(tight.result.failure);
  EXPECT_EQ(tight.result.failure->refused.requested, 300_MiB);
  EXPECT_EQ(tight.smallest_device, 1200_MiB) << "900 that are pinned, and 300 beside them";
  EXPECT_FALSE(what_if(holes_in_one_segment(), "", kNewest, {1200_MiB, 0}).result.failure);
  EXPECT_TRUE(what_if(holes_in_one_segment(), "", kNewest, {1198_MiB, 0}).result.failure);
}

TEST(WhatIf, CountsWhatOthersUseToTheDevice) {
  EXPECT_EQ(what_if(holes_in_one_segment(), "", kNewest, {2000_MiB, 64_MiB}).smallest_device, 1264_MiB);
}

TEST(Recommend, TakesWhatRunsWhereTheFirstDoesNot) {
  std::vector<WhatIf> tried;
  for (const char* settings : {"", "expandable_segments:True"}) {
    tried.push_back(what_if(holes_in_one_segment(), settings, kNewest, {1000_MiB, 0}));
  }
  EXPECT_TRUE(better(tried[1], tried[0]));
  EXPECT_EQ(recommend(tried).find("Take expandable_segments:True: it runs to the end"), 0u)
      << recommend(tried);
}

TEST(Recommend, KeepsTheFirstWhereNothingIsWorthAChange) {
  Trace trace;
  trace.allocate(100_MiB);
  std::vector<WhatIf> tried;
  for (const char* settings : {"", "max_split_size_mb:64"}) {
    tried.push_back(what_if(trace, settings, kNewest, {1000_MiB, 0}));
  }
  EXPECT_EQ(recommend(tried).find("Keep the default"), 0u) << recommend(tried);
}

TEST(Recommend, SaysSoWhereNothingFits) {
  Trace trace;
  trace.allocate(100_MiB);
  const std::vector<WhatIf> tried{what_if(trace, "", kNewest, {50_MiB, 0})};
  EXPECT_EQ(recommend(tried).find("No setting makes it fit"), 0u) << recommend(tried);
}

TEST(SensibleSettings, AreAllTakenByEveryRelease) {
  for (const PytorchRelease release : {PytorchRelease::v2_11, PytorchRelease::v2_13, PytorchRelease::v2_15}) {
    for (const std::string& settings : sensible_settings()) {
      EXPECT_NO_THROW(static_cast<void>(parse_settings(settings, release))) << settings;
    }
  }
}

TEST(PinnedSegments, NameTheBlocksThatKeepFreeMemory) {
  const Trace trace = holes_in_one_segment();
  const WhatIf tight = what_if(trace, "", kNewest, {1000_MiB, 0});
  const auto pinned = pinned_segments(trace, *tight.result.failure);
  ASSERT_EQ(pinned.size(), 1u);
  EXPECT_EQ(pinned[0].free, 500_MiB);
  EXPECT_EQ(pinned[0].largest_free, 100_MiB);
  ASSERT_EQ(pinned[0].pins.size(), 4u);
  EXPECT_EQ(pinned[0].pins[0].bytes, 100_MiB);
}

}  // namespace
}  // namespace memsweep
