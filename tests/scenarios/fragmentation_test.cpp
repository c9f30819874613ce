// The ready-made patterns: what they do under which settings, by hand; the same bytes on every device; and
// nothing left behind when the device fails.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/make_allocator.h"
#include "harness/memory/sources/counting.h"
#include "harness/memory/sources/failing.h"
#include "harness/sweep/trace_trial.h"
#include "harness/trace/run_trace.h"
#include "scenarios/patterns.h"
#include "scenarios/scenario.h"

namespace memsweep {
namespace {

constexpr auto kRelease = PytorchRelease::v2_15;

Stage run(const Trace& trace, const std::string& settings = "", std::size_t capacity = 1000_MiB) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const std::vector<TraceUser> users{{"all", trace}};
  return run_traces(*device, capacity, users, parse_settings(settings, kRelease), kRelease).back();
}

// Patterns, by hand -------------------------------------------------------------------------------

TEST(P1, ReservesASegmentForEachSizeUnlessSegmentsGrow) {
  const Stage stage = run(growing_sizes());
  EXPECT_EQ(stage.outcome, Outcome::ok);
  EXPECT_EQ(stage.peak, (Levels{38_MiB, 38_MiB, 290_MiB, 290_MiB})) << "20 + 22 + ... + 38";
  EXPECT_EQ(stage.now, (Levels{0, 0, 290_MiB, 290_MiB}));
  EXPECT_EQ(run(growing_sizes(), "expandable_segments:True").peak.reserved, 40_MiB) << "two pages";
  EXPECT_EQ(run(growing_sizes(), "", 64_MiB).alloc_retries, 6) << "at 24, 28, 32, 34, 36 and 38";
}

TEST(P2, FindsNoHoleThatIsLargeEnough) {
  const Stage stage = run(every_other_freed());
  EXPECT_EQ(stage.peak, (Levels{768_MiB, 768_MiB, 960_MiB, 960_MiB})) << "64 x 12 + 8 x 24";
  EXPECT_EQ(stage.now.allocated, 576_MiB);
  EXPECT_EQ(stage.reserved_beyond_live, 192_MiB);
  EXPECT_EQ(stage.unused_at_peak, 1 - 576.0 / 960);
}

TEST(P3, CannotEmptyACacheThatIsPinned) {
  const Stage stage = run(every_fifth_kept());
  EXPECT_EQ(stage.now, (Levels{58_MiB, 58_MiB, 218_MiB, 218_MiB}))
      << "ten segments of 20 with 4 live, and 18";
  EXPECT_EQ(run(every_fifth_kept(), "backend:direct").now.reserved, 58_MiB);
}

TEST(P4, LosesALargeSegmentToASmallRequest) {
  const Stage stage = run(small_one_in_the_place_of_a_large_one());
  EXPECT_EQ(stage.outcome, Outcome::oom);
  EXPECT_EQ(stage.verdict, Verdict::fragmentation);
  EXPECT_EQ(stage.refused_at, 3);
  EXPECT_EQ(stage.largest_fit, 512_MiB - 1536_KiB) << "what is left of the segment";
  EXPECT_EQ(run(small_one_in_the_place_of_a_large_one(), "", 1024_MiB).peak.reserved, 1024_MiB);
  for (const char* cure : {"max_split_size_mb:64", "max_split_size_mb:512"}) {
    EXPECT_EQ(run(small_one_in_the_place_of_a_large_one(), cure).peak.reserved, 532_MiB) << cure;
  }
  EXPECT_EQ(run(small_one_in_the_place_of_a_large_one(), "expandable_segments:True").peak.reserved, 520_MiB);
}

TEST(P5, TakesNoMoreThanLives) {
  const Stage stage = run(kept_behind_temporaries());
  EXPECT_EQ(stage.peak.reserved, 512_MiB) << "two of 64, and 24 x 16";
  EXPECT_EQ(stage.peak.allocated, 512_MiB);
}

TEST(P6, PacksSixOfThoseThatStayIntoASegment) {
  const Stage stage = run(kept_between_temporaries());
  EXPECT_EQ(stage.peak, (Levels{90_MiB, 90_MiB, 100_MiB, 100_MiB}));
  EXPECT_EQ(stage.now.allocated, 72_MiB);
}

TEST(P7, FitsAfterTheCacheIsReleased) {
  const Stage stage = run(holes_of_their_own());
  EXPECT_EQ(stage.outcome, Outcome::ok);
  EXPECT_EQ(stage.verdict, Verdict::flushing);
  EXPECT_EQ(stage.alloc_retries, 1);
  EXPECT_EQ(stage.now.reserved, 700_MiB) << "four of 100, and 300";
}

TEST(P8, FailsWith500MiBFree) {
  const Stage stage = run(holes_inside_one_segment());
  EXPECT_EQ(stage.outcome, Outcome::oom);
  EXPECT_EQ(stage.verdict, Verdict::fragmentation);
  EXPECT_EQ(stage.now, (Levels{400_MiB, 400_MiB, 900_MiB, 900_MiB})) << "500 free";
  EXPECT_EQ(stage.refused_bytes, 300_MiB);
  EXPECT_EQ(stage.refused_at, 11);
  EXPECT_EQ(stage.largest_fit, 100_MiB);
  EXPECT_EQ(stage.scattered, 1 - 100.0 / 500);
  for (const char* cure : {"max_split_size_mb:64", "max_split_size_mb:512", "expandable_segments:True",
                           "backend:cudaMallocAsync", "backend:direct"}) {
    EXPECT_EQ(run(holes_inside_one_segment(), cure).outcome, Outcome::ok) << cure;
  }
}

TEST(ExpertWeights, PinHalfEmptySegmentsThatASplitLimitKeepsWhole) {
  const Stage stage = run(expert_weights(), "", 8000_MiB);
  EXPECT_EQ(stage.now, (Levels{2160_MiB, 2160_MiB, 4240_MiB, 4240_MiB})) << "8 x 530 for 8 x 270";
  EXPECT_EQ(run(expert_weights(), "max_split_size_mb:128", 8000_MiB).now.reserved, 2690_MiB);
  EXPECT_EQ(run(expert_weights(), "", 4000_MiB).verdict, Verdict::fragmentation);
}

/// Reserved bytes after each cycle of the moving tail.
std::vector<std::size_t> growth(const std::string& settings) {
  Trace trace = moving_tail();
  const std::vector<Operation> all = trace.operations;
  std::vector<std::size_t> reserved;
  for (std::size_t end = 5; end <= all.size(); end += 4) {
    trace.operations.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(end));
    reserved.push_back(run(trace, settings, 70'000_MiB).now.reserved);
  }
  return reserved;
}

TEST(MovingTail, MakesReservedMemoryGrowWithoutBoundUnderBothSettings) {
  const std::vector<std::size_t> reserved = growth("expandable_segments:True,max_split_size_mb:64");
  ASSERT_EQ(reserved.size(), 40u);
  EXPECT_EQ(reserved.front(), 160_MiB);
  for (std::size_t i = 3; i < reserved.size(); ++i) {
    EXPECT_GE(reserved[i], reserved[i - 1] + 100_MiB) << "cycle " << i + 1;
  }
  EXPECT_GT(reserved.back(), 4800_MiB);
  EXPECT_EQ(run(moving_tail(), "expandable_segments:True,max_split_size_mb:64", 70'000_MiB).peak.allocated,
            148_MiB);
}

TEST(MovingTail, StaysSmallUnderEitherSetting) {
  for (const char* settings : {"", "expandable_segments:True", "max_split_size_mb:64"}) {
    const std::vector<std::size_t> reserved = growth(settings);
    EXPECT_LE(reserved.back(), 260_MiB) << settings;
    EXPECT_EQ(reserved.back(), reserved[reserved.size() / 2]) << settings;
  }
}

// The scenario ------------------------------------------------------------------------------------

std::vector<ExperimentResult> run_all(Device& device) {
  const TrainingOptions options;
  std::vector<ExperimentResult> results;
  for (const Experiment& each : find_scenario("fragmentation").experiments(options, device.profile())) {
    results.push_back({each.subject, each.variant, each.run(device, {})});
  }
  return results;
}

using Bytes = std::vector<
    std::tuple<std::string, Outcome, Levels, Levels, std::int64_t, Verdict, double, std::optional<double>,
               std::size_t, std::size_t, std::optional<std::int64_t>, std::optional<std::size_t>>>;

Bytes bytes_of(const std::vector<Stage>& stages) {
  Bytes bytes;
  for (const Stage& s : stages) {
    bytes.emplace_back(s.name, s.outcome, s.now, s.peak, s.alloc_retries, s.verdict, s.unused_at_peak,
                       s.scattered, s.reserved_beyond_live, s.refused_bytes, s.refused_at, s.largest_fit);
  }
  return bytes;
}

void expect_the_same(const std::vector<ExperimentResult>& a, const std::vector<ExperimentResult>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(bytes_of(a[i].stages), bytes_of(b[i].stages)) << a[i].subject << " " << a[i].variant;
  }
}

// The cases that need 1000 MiB are left to sim: mapping so much real memory for each of them takes a minute.
TEST(Fragmentation, TakesTheSameBytesOnCpuAndSim) {
  const auto cpu = make_cpu(64_MiB);
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 64_MiB;
  const auto sim = make_sim(profile);
  expect_the_same(run_all(*cpu), run_all(*sim));
  EXPECT_EQ(cpu->memory().info().used, 0u);
}

std::map<std::string, std::string> conclusions_by_subject(const std::vector<ExperimentResult>& results) {
  std::map<std::string, std::string> sentences;
  for (const std::string& sentence : find_scenario("fragmentation").conclusions(results)) {
    sentences[sentence.substr(0, sentence.find(':'))] = sentence;
  }
  return sentences;
}

TEST(Fragmentation, SaysWhichSettingCuresWhichCaseAndWhichMakesItWorse) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto results = run_all(*device);
  auto said = conclusions_by_subject(results);
  EXPECT_EQ(said.size(), 15u);
  EXPECT_EQ(results.size(), 15u * 9);
  EXPECT_EQ(said["P8"],
            "P8: the default is refused 300MiB (fragmentation; 100MiB would have been served); cured by "
            "max_split_size_mb:64, max_split_size_mb:128, max_split_size_mb:512, expandable_segments:True, "
            "expandable_segments:True,max_split_size_mb:64, backend:cudaMallocAsync, backend:direct.");
  EXPECT_EQ(said["small first"],
            "small first: the default is refused 26MiB (fragmentation; 11MiB would have been served); cured "
            "by expandable_segments:True, expandable_segments:True,max_split_size_mb:64, "
            "backend:cudaMallocAsync, backend:direct.");
  EXPECT_NE(said["large first"].find("the default reserves 62MiB for 50MiB"), std::string::npos);
  EXPECT_NE(said["P7"].find("flushes its cache once; cured by max_split_size_mb:64"), std::string::npos);
  EXPECT_NE(
      said["moving tail"].find("worse under expandable_segments:True,max_split_size_mb:64 (reserves 1000MiB"),
      std::string::npos);
  EXPECT_EQ(said["second user"],
            "second user: the default is refused 32MiB (cache; 16MiB would have been served); cured by "
            "backend:direct.");
}

TEST(Fragmentation, SaysWhatItCouldNotRunAndWhatThatNeeds) {
  const auto device = make_sim(find_profile("cpu"));
  const auto results = run_all(*device);
  EXPECT_EQ(results.front().subject, "P1");
  EXPECT_EQ(results.front().stages.front().outcome, Outcome::error);
  EXPECT_EQ(results.front().stages.front().message, "needs 1000MiB of memory; sim:cpu has 64MiB");
  EXPECT_EQ(results[1].subject, "P2") << "one row says it";
  const auto sentences = find_scenario("fragmentation").conclusions(results);
  ASSERT_GE(sentences.size(), 2u);
  EXPECT_EQ(
      sentences[sentences.size() - 2],
      "Not run: P1, P2, P3, P4, P5, P6, P7, P8, moving tail, sequence lengths (needs 1000MiB of memory; "
      "sim:cpu has 64MiB); --memory gives the device more, --device sim needs none.");
  EXPECT_EQ(sentences.back().substr(0, 43), "Not run: expert weights (needs 3.91GiB of m");
}

// Failing devices ---------------------------------------------------------------------------------

std::vector<Trace> all_patterns() {
  constexpr std::array<std::size_t, 3> kSizes{10, 14, 18};
  return {growing_sizes(),
          every_other_freed(),
          every_fifth_kept(),
          small_one_in_the_place_of_a_large_one(),
          kept_behind_temporaries(),
          kept_between_temporaries(),
          holes_of_their_own(),
          holes_inside_one_segment(),
          expert_weights(),
          moving_tail(),
          sequence_lengths(),
          half_of_each_kept(kSizes),
          a_cache_for_each_stream(),
          cached_and_idle(),
          one_request()};
}

/// Whether the device was asked often enough to fail.
bool fail_once_or_for_ever(const Trace& trace, const AllocatorSettings& settings, std::size_t nth,
                           FailingSource::Mode mode) {
  CountingSource device(1000_MiB);
  FailingSource failing(device, nth, mode);
  {
    TraceStreams streams;
    const auto allocator = make_allocator(failing, settings, kRelease, streams);
    const TraceResult result = run_trace(trace, *allocator, failing, streams);
    if (const auto* caching = dynamic_cast<CachingAllocator*>(allocator.get())) caching->check();
    if (failing.failures() > 0 && mode == FailingSource::Mode::for_ever) {
      EXPECT_TRUE(result.failure) << "nth " << nth;
    }
  }
  EXPECT_EQ(device.info().used, 0u) << "nth " << nth;
  return failing.failures() > 0;
}

TEST(Patterns, SurviveEveryFailureOfTheDeviceOrRunOutOfMemoryCleanly) {
  for (const Trace& trace : all_patterns()) {
    for (const char* text :
         {"", "max_split_size_mb:64", "expandable_segments:True",
          "expandable_segments:True,max_split_size_mb:64", "backend:cudaMallocAsync", "backend:direct"}) {
      const AllocatorSettings settings = parse_settings(text, kRelease);
      for (const auto mode : {FailingSource::Mode::once, FailingSource::Mode::for_ever}) {
        std::size_t nth = 0;
        while (fail_once_or_for_ever(trace, settings, nth, mode)) ++nth;
        EXPECT_GT(nth, 0u) << text;
      }
    }
  }
}

}  // namespace
}  // namespace memsweep
