// Snapshots that PyTorch wrote itself: asked for the same, the allocator has to do the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/trace/read_recording.h"
#include "harness/trace/reenact.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep {
namespace {

std::filesystem::path folder() { return testing::golden_root() / "snapshots"; }

/// What torch.cuda.memory_stats() said at the end of each.
std::vector<nlohmann::json> index() { return testing::read_json_lines(folder() / "index.jsonl"); }

class ReenactGolden : public ::testing::TestWithParam<nlohmann::json> {
 protected:
  [[nodiscard]] static std::string file() { return GetParam().at("file"); }
  [[nodiscard]] static Recording recording() { return read_recording(folder() / file()); }
  /// Shortages of files without an out-of-memory event are understood only if the capacity is known.
  [[nodiscard]] static ReenactOptions options(const Recording& recording) {
    return {parse_release(std::string(GetParam().at("pytorch")).substr(0, 4)), recording.settings,
            GetParam().at("total_bytes").get<std::size_t>(),
            [](const CachingAllocator& allocator) { allocator.check(); }};
  }
};

TEST_P(ReenactGolden, agrees_in_every_address_segment_and_shortage) {
  const Recording recorded = ReenactGolden::recording();
  ASSERT_GT(recorded.events.size(), 0u);
  const Reenactment result = reenact(recorded, options(recorded));
  EXPECT_FALSE(result.difference) << result.difference->event << "\n recorded " << result.difference->recorded
                                  << "\n replayed " << result.difference->replayed << "\n"
                                  << result.difference->context;
  EXPECT_EQ(result.events, recorded.events.size());
}

TEST_P(ReenactGolden, reaches_the_peaks_that_pytorch_reported) {
  const Recording recorded = ReenactGolden::recording();
  const Reenactment result = reenact(recorded, options(recorded));
  if (result.blocks_before > 0) return;  // the peaks may have been before the first event
  EXPECT_EQ(result.statistics.allocated_bytes.all.peak, GetParam().at("allocated_peak").get<std::int64_t>());
  EXPECT_EQ(result.statistics.reserved_bytes.all.peak, GetParam().at("reserved_peak").get<std::int64_t>());
  EXPECT_EQ(result.statistics.num_ooms, GetParam().at("ooms").get<std::int64_t>());
  EXPECT_EQ(result.statistics.num_alloc_retries, GetParam().at("retries").get<std::int64_t>());
}

TEST_P(ReenactGolden, agrees_when_the_history_began_late) {
  const Recording whole = ReenactGolden::recording();
  for (const std::size_t part : {7, 3, 2}) {
    Recording late = whole;
    // A request and the segment that it needed are lost together, and a free with its completion.
    std::size_t first = whole.events.size() * (part - 1) / part;
    while (first < late.events.size() && late.events[first].action != Action::free_requested) ++first;
    late.events.erase(late.events.begin(), late.events.begin() + static_cast<std::ptrdiff_t>(first));
    const Reenactment result = reenact(late, options(late));
    EXPECT_FALSE(result.difference) << "from event " << first << ": " << result.difference->event
                                    << "\n recorded " << result.difference->recorded << "\n replayed "
                                    << result.difference->replayed << "\n"
                                    << result.difference->context;
  }
}

TEST_P(ReenactGolden, notices_a_recording_that_is_not_true) {
  const Recording whole = ReenactGolden::recording();
  const auto alloc = [](const Event& event) { return event.action == Action::alloc; };
  Recording altered = whole;
  // A request that was larger than what is told: its neighbours cannot lie where they do.
  const auto last = std::find_if(altered.events.rbegin(), altered.events.rend(), alloc);
  last->size += std::size_t{64} << 20;
  bool noticed = false;
  try {
    noticed = reenact(altered, options(altered)).difference.has_value();
  } catch (const UsageError&) {
    noticed = true;
  }
  EXPECT_TRUE(noticed);
}

TEST(ReenactGoldenSet, has_snapshots) { EXPECT_FALSE(index().empty()); }

INSTANTIATE_TEST_SUITE_P(Snapshots, ReenactGolden, ::testing::ValuesIn(index()), [](const auto& instance) {
  return testing::test_name(instance.param.at("file").template get<std::string>());
});

}  // namespace
}  // namespace memsweep
