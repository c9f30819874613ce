// Seeded random traces of the caching allocator under many settings: every invariant after every event,
// every single allocation of the device failed, nothing left behind.
#include <gtest/gtest.h>

#include <string>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"
#include "harness/memory/sources/failing.h"
#include "tests/golden.h"
#include "tests/memory/held_streams.h"
#include "tests/memory/random_user.h"

namespace memsweep {
namespace {

using testing::RandomUser;

constexpr auto kNewest = PytorchRelease::v2_15;

struct Conditions {
  std::string settings;
  PytorchRelease release = kNewest;
  double fraction = 1;
};

class RandomTrace : public ::testing::TestWithParam<Conditions> {};

TEST_P(RandomTrace, keeps_every_invariant_and_leaves_nothing_behind) {
  const Conditions& conditions = GetParam();
  CountingSource device(512_MiB);
  testing::HeldStreams streams;
  CachingAllocator allocator(device, parse_settings(conditions.settings, conditions.release),
                             conditions.release, streams);
  allocator.set_memory_fraction(conditions.fraction);
  RandomUser user(allocator, 7);
  for (int i = 0; i < 3000; ++i) {
    if (i % 100 == 0) streams.hold(i % 200 == 0);
    user.step();
    ASSERT_NO_THROW(allocator.check()) << "after event " << i;
  }
  EXPECT_GT(user.out_of_memory(), 0u) << "the trace is too tame";
  user.free_all();
  allocator.empty_cache();
  ASSERT_NO_THROW(allocator.check());
  EXPECT_EQ(device.info().used, 0u);
  EXPECT_EQ(allocator.statistics().reserved_bytes.all.current, 0);
}

TEST_P(RandomTrace, recovers_from_every_allocation_that_fails_once_or_for_ever) {
  const Conditions& conditions = GetParam();
  for (const auto mode : {FailingSource::Mode::once, FailingSource::Mode::for_ever}) {
    std::size_t nth = 0;
    for (bool failed = true; failed; ++nth) {
      CountingSource device(16_GiB);
      FailingSource failing(device, nth, mode);
      CachingAllocator allocator(failing, parse_settings(conditions.settings, conditions.release),
                                 conditions.release);
      RandomUser user(allocator, 11);
      for (int i = 0; i < 300; ++i) user.step();
      failed = failing.failures() > 0;
      const bool out_of_memory = user.out_of_memory() > 0;
      EXPECT_EQ(out_of_memory, failed && mode == FailingSource::Mode::for_ever) << "one failure is survived";
      ASSERT_NO_THROW(allocator.check()) << "request " << nth << " failed";
      user.free_all();
      allocator.empty_cache();
      ASSERT_NO_THROW(allocator.check());
      ASSERT_EQ(device.info().used, 0u) << "request " << nth << " failed";
    }
    EXPECT_GT(nth, 10u) << "the trace is too tame";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, RandomTrace,
    ::testing::Values(Conditions{""}, Conditions{"", PytorchRelease::v2_11}, Conditions{"", kNewest, 0.5},
                      Conditions{"max_split_size_mb:20"},
                      Conditions{"max_split_size_mb:32,roundup_power2_divisions:4"},
                      Conditions{"garbage_collection_threshold:0.6", kNewest, 0.7},
                      Conditions{"large_segment_size_mb:64"}, Conditions{"expandable_segments:True"},
                      Conditions{"expandable_segments:True", PytorchRelease::v2_11},
                      Conditions{"expandable_segments:True,expandable_segments_reserve:0.1"},
                      Conditions{"expandable_segments:True,max_split_size_mb:32"},
                      Conditions{"throw_on_cudamalloc_oom:True", PytorchRelease::v2_13}),
    [](const auto& instance) {
      return std::to_string(instance.index) + "_" + testing::test_name(instance.param.settings);
    });

}  // namespace
}  // namespace memsweep
