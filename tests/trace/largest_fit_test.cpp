#include "harness/trace/largest_fit.h"

#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

struct Refuser {
  std::size_t device;  // bytes
  std::string settings;

  [[nodiscard]] FreshAllocator fresh() const {
    constexpr auto kRelease = PytorchRelease::v2_15;
    return fresh_allocator(parse_settings(settings, kRelease), kRelease, {device, 0});
  }
  [[nodiscard]] TraceResult run(const Trace& trace) const {
    const FreshAllocator f = fresh();
    return run_trace(trace, *f.allocator, *f.source, *f.streams);
  }
  /// In the place of the first request of the trace that is refused.
  [[nodiscard]] std::size_t largest(const Trace& trace) const {
    return largest_fit(trace, run(trace).failure.value().operation, [this] { return fresh(); });
  }
};

TEST(LargestFit, IsTheLargestHoleOrTheRoomThatTheDeviceHasLeft) {
  Trace trace;
  const TraceBlock hole = trace.allocate(30_MiB);
  trace.free(hole);
  trace.allocate(10_MiB);  // 20 MiB behind it
  trace.allocate(50_MiB);
  EXPECT_EQ((Refuser{54_MiB, ""}.largest(trace)), 24_MiB);
  EXPECT_EQ((Refuser{44_MiB, ""}.largest(trace)), 20_MiB);
}

TEST(LargestFit, CountsWhatIsGivenBackForIt) {
  Trace trace;
  trace.free(trace.allocate(30_MiB));
  trace.allocate(50_MiB);
  EXPECT_EQ((Refuser{44_MiB, ""}.largest(trace)), 44_MiB);
}

TEST(LargestFit, KnowsThatSmallRequestsAskForLess) {
  Trace trace;
  trace.allocate(20_MiB);
  trace.allocate(5_MiB);
  EXPECT_EQ((Refuser{22_MiB, ""}.largest(trace)), 1_MiB) << "a segment of 2 MiB";
  EXPECT_EQ((Refuser{20_MiB, ""}.largest(trace)), 0u);
}

Trace random_trace(std::uint32_t seed) {
  std::mt19937 random(seed);
  Trace trace;
  trace.streams = {0, 7};
  std::vector<TraceBlock> live;
  for (int i = 0; i < 200; ++i) {
    if (!live.empty() && random() % 5 < 2) {
      std::swap(live[random() % live.size()], live.back());
      trace.free(live.back());
      live.pop_back();
      continue;
    }
    const std::size_t scale = std::size_t{1} << (9 + random() % 16);
    live.push_back(trace.allocate(1 + random() % scale, static_cast<std::uint16_t>(random() % 2)));
  }
  trace.allocate(100_MiB);
  return trace;
}

/// Sizes below `top` that a wrong answer would most likely have missed.
std::set<std::size_t> rivals(const Refuser& setup, const Trace& trace, const TraceFailure& failure) {
  std::set<std::size_t> sizes;
  const std::size_t top = trace.operations[failure.operation].bytes;
  for (std::size_t size = 128_KiB; size < top; size += 128_KiB) sizes.insert(size);
  Trace before = trace;
  before.operations.resize(failure.operation);
  const FreshAllocator fresh = setup.fresh();
  static_cast<void>(run_trace(before, *fresh.allocator, *fresh.source, *fresh.streams));
  for (const SegmentSnapshot& segment : fresh.allocator->snapshot()) {
    for (const BlockSnapshot& block : segment.blocks) {
      if (block.size < top) sizes.insert(block.size);
    }
  }
  return sizes;
}

TEST(LargestFit, FitsAndNothingLargerDoes) {
  for (const char* settings :
       {"", "max_split_size_mb:20", "max_split_size_mb:24", "expandable_segments:True",
        "expandable_segments:True,max_split_size_mb:20", "backend:cudaMallocAsync", "backend:direct"}) {
    for (std::uint32_t seed = 0; seed < 8; ++seed) {
      const Refuser setup{90_MiB, settings};
      Trace trace = random_trace(seed);
      const TraceResult result = setup.run(trace);
      ASSERT_TRUE(result.failure);
      const std::size_t largest = setup.largest(trace);
      const std::set<std::size_t> sizes = rivals(setup, trace, *result.failure);
      trace.operations.resize(result.failure->operation + 1);
      const auto fits = [&](std::size_t bytes) {
        trace.operations.back().bytes = bytes;
        return !setup.run(trace).failure;
      };
      EXPECT_TRUE(largest == 0 || fits(largest)) << settings << " " << seed;
      for (auto size = sizes.upper_bound(largest); size != sizes.end(); ++size) {
        EXPECT_FALSE(fits(*size)) << settings << " " << seed << ": " << *size << " above " << largest;
      }
    }
  }
}

}  // namespace
}  // namespace memsweep
