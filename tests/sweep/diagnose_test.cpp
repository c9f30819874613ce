#include "harness/sweep/diagnose.h"

#include <gtest/gtest.h>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

TEST(Diagnose, CallsCapacityWhatNoAllocatorCouldServe) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 800_MiB,
                      .reserved = 800_MiB,
                      .device_total = 1_GiB,
                      .device_used = 800_MiB}),
            Verdict::capacity);
}

TEST(Diagnose, CountsWhatTheContextTookBefore) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 500_MiB,
                      .reserved = 500_MiB,
                      .device_total = 1_GiB,
                      .device_used = 800_MiB,
                      .device_before = 300_MiB}),
            Verdict::capacity);
}

TEST(Diagnose, CallsFragmentationWhatIsFreeButNotInOnePiece) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 500_MiB,
                      .reserved = 900_MiB,
                      .device_total = 1_GiB,
                      .device_used = 900_MiB}),
            Verdict::fragmentation);
}

TEST(Diagnose, CallsForeignWhatOthersTookMeanwhile) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 500_MiB,
                      .reserved = 500_MiB,
                      .device_total = 1_GiB,
                      .device_used = 900_MiB,
                      .device_before = 100_MiB}),
            Verdict::foreign);
}

TEST(Diagnose, CallsCacheWhatLiesUnusedWithAnotherUser) {
  Shortage shortage{.requested = 300_MiB,
                    .segment = 300_MiB,
                    .allocated = 500_MiB,
                    .reserved = 500_MiB,
                    .device_total = 1_GiB,
                    .device_used = 900_MiB,
                    .device_before = 400_MiB,
                    .cached_by_others = 200_MiB};
  EXPECT_EQ(diagnose(shortage), Verdict::cache);
  shortage.cached_by_others = 175_MiB;
  EXPECT_EQ(diagnose(shortage), Verdict::capacity) << "1 MiB would be missing still";
}

TEST(Diagnose, TakesTheCauseFromWhatTheAllocatorSays) {
  OutOfMemory refused;
  refused.cause = OutOfMemory::Cause::rejected;
  EXPECT_EQ(diagnose(refused, 0), Verdict::limit);
  refused.cause = OutOfMemory::Cause::absurd;
  EXPECT_EQ(diagnose(refused, 0), Verdict::capacity);
  refused.cause = OutOfMemory::Cause::exhausted;
  refused.rounded = refused.tried = 300_MiB;
  refused.device_total = 1_GiB;
  refused.device_free = 124_MiB;
  refused.allocated = 500_MiB;
  refused.reserved = 900_MiB;
  EXPECT_EQ(diagnose(refused, 0), Verdict::fragmentation);
}

TEST(Diagnose, CallsLimitWhatTheDeviceCouldHaveServed) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 300_MiB,
                      .reserved = 300_MiB,
                      .device_total = 1_GiB,
                      .device_used = 300_MiB,
                      .limit = 512_MiB}),
            Verdict::limit);
}

TEST(Diagnose, CallsLimitARefusedSegmentThatTheDeviceHadRoomFor) {
  EXPECT_EQ(diagnose({.requested = 2_MiB,
                      .segment = 20_MiB,
                      .allocated = 1_MiB,
                      .reserved = 2_MiB,
                      .device_total = 1_GiB,
                      .device_used = 2_MiB,
                      .limit = 15_MiB}),
            Verdict::limit);
}

TEST(Diagnose, LooksBeyondALimitThatTheDeviceDoesNotReach) {
  EXPECT_EQ(diagnose({.requested = 300_MiB,
                      .segment = 300_MiB,
                      .allocated = 900_MiB,
                      .reserved = 900_MiB,
                      .device_total = 1_GiB,
                      .device_used = 900_MiB,
                      .limit = 1_GiB}),
            Verdict::capacity);
}

TEST(Verdict, IsReadBackFromItsName) {
  for (int i = 0; i <= static_cast<int>(Verdict::cache); ++i) {
    EXPECT_EQ(verdict_of(name_of(static_cast<Verdict>(i))), static_cast<Verdict>(i));
  }
  EXPECT_THROW(static_cast<void>(verdict_of("bad luck")), std::invalid_argument);
}

}  // namespace
}  // namespace memsweep
