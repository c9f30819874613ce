// What del and empty_cache give back, level by level, and the batches at which a step lives on flushes.

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/sweep/predict.h"
#include "harness/sweep/training.h"
#include "scenarios/scenario.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

TrainingOptions model() {
  TrainingOptions options;
  options.model.spec = "mlp:24-32x9-7";
  options.optimizer = "adamw";
  return options;
}

Profile small_device(std::size_t memory = 24_MiB) {
  Profile profile = find_profile("cpu");
  profile.memory_bytes = memory;
  return profile;
}

std::vector<ExperimentResult> run_all(Device& device, const TrainingOptions& options,
                                      const TrialOptions& trial = {}) {
  std::vector<ExperimentResult> results;
  for (const Experiment& each : find_scenario("cleanup").experiments(options, device.profile())) {
    results.push_back({each.subject, each.variant, each.run(device, trial)});
  }
  return results;
}

const std::vector<Stage>& stages_of(const std::vector<ExperimentResult>& results,
                                    const std::string& variant) {
  return std::find_if(results.begin(), results.end(), [&](const auto& r) { return r.variant == variant; })
      ->stages;
}

// What comes back ---------------------------------------------------------------------------------

TEST(Cleanup, GivesAllBackWhenDelComesFirst) {
  const auto device = make_sim(small_device());
  const auto results = run_all(*device, model());
  const auto& stages = stages_of(results, "del, empty_cache");
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_GT(stages[0].now.allocated, 0u);
  EXPECT_EQ(stages[1].name, "del");
  EXPECT_EQ(stages[1].now.allocated, 0u);
  EXPECT_EQ(stages[1].now.reserved, stages[0].now.reserved) << "what is freed stays in the cache";
  EXPECT_EQ(stages[2].name, "empty_cache");
  EXPECT_EQ(stages[2].now, Levels{});
}

TEST(Cleanup, LeavesACacheWhenEmptyCacheComesFirst) {
  const auto device = make_sim(find_profile("cpu"));
  const auto results = run_all(*device, {});
  const auto& stages = stages_of(results, "empty_cache, del");
  EXPECT_LT(stages[1].now.reserved, stages[0].now.reserved);
  EXPECT_EQ(stages[1].now.allocated, stages[0].now.allocated) << "live memory is not touched";
  EXPECT_GT(stages[2].now.reserved, 0u);
  EXPECT_EQ(stages[2].now.allocated, 0u);
}

TEST(Cleanup, IsKeptFromASegmentByOneTensor) {
  const auto device = make_sim(find_profile("cpu"));
  const auto results = run_all(*device, {});
  const auto& stages = stages_of(results, "del all but one tensor, empty_cache");
  EXPECT_EQ(stages[1].name, "del all but x");
  EXPECT_LT(stages[2].now.allocated, 2_MiB);
  EXPECT_EQ(stages[2].now.reserved, 20_MiB);
}

TEST(Cleanup, LeavesTheWorkspacesThatLibrariesCache) {
  TrialOptions trial;
  trial.release = PytorchRelease::v2_11;
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto results = run_all(*device, model(), trial);
  // One of cuBLAS for each thread and one of cuBLASLt: caching-allocator specification, 16.9.
  EXPECT_EQ(stages_of(results, "del, empty_cache").back().now.allocated, 68'157'440u);
  const auto newer = run_all(*device, model());
  EXPECT_EQ(stages_of(newer, "del, empty_cache").back().now.allocated, 0u);
}

// The thrash cliff --------------------------------------------------------------------------------

TEST(ThrashCliff, LiesBetweenTheLastBatchThatRunsFreelyAndTheLastThatRuns) {
  const auto device = make_sim(find_profile("cpu"));
  const auto results = run_all(*device, {});
  const auto& stages = stages_of(results, "growing batch");
  ASSERT_EQ(stages.size(), 4u);
  constexpr std::array kVerdicts{Verdict::fits, Verdict::flushing, Verdict::flushing, Verdict::fragmentation};
  const Variant step{"step", parse_training_step({})};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(stages[i].verdict, kVerdicts[i]);
    const std::int64_t batch = std::stoll(stages[i].name.substr(6));
    EXPECT_EQ(runs_freely_on_sim(step, batch, device->profile(), {}), i == 0);
    EXPECT_EQ(fits_on_sim(step, batch, device->profile(), {}), i < 3);
  }
  EXPECT_EQ(stages[1].alloc_retries, 10) << "twice in each of five steps";
  const auto sentences = find_scenario("cleanup").conclusions(results);
  EXPECT_EQ(
      sentences[5].substr(0, 96),
      "The thrash cliff: batch 2275 runs freely, batch 2276 flushes its cache 2.0 times a step and cost");
  EXPECT_NE(sentences[5].find("batch 3414 runs out of memory (fragmentation)"), std::string::npos);
  EXPECT_EQ(sentences[6].substr(0, 69),
            "empty_cache gives back what nobody holds: after del it leaves 0B rese");
}

TEST(ThrashCliff, IsSaidNotToBeThereWhereBatchesRunFreelyUntilTheyDoNotRun) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto sentences = find_scenario("cleanup").conclusions(run_all(*device, {}));
  EXPECT_EQ(sentences[5].substr(0, 30), "There is no thrash cliff: batc");
}

// Simulation and reality --------------------------------------------------------------------------

using Bytes = std::vector<std::tuple<std::string, Outcome, Levels, Levels, std::int64_t, Verdict, double,
                                     std::optional<double>, std::size_t, std::optional<std::int64_t>>>;

Bytes bytes_of(const std::vector<Stage>& stages) {
  Bytes bytes;
  for (const Stage& s : stages) {
    bytes.emplace_back(s.name, s.outcome, s.now, s.peak, s.alloc_retries, s.verdict, s.unused_at_peak,
                       s.scattered, s.refused_bytes, s.refused_at);
  }
  return bytes;
}

TEST(Cleanup, TakesTheSameBytesOnCpuAndSim) {
  for (const char* settings : {"", "expandable_segments:True", "max_split_size_mb:20",
                               "backend:cudaMallocAsync", "backend:direct"}) {
    TrialOptions trial;
    trial.settings = parse_settings(settings, trial.release);
    const auto cpu = make_cpu(24_MiB);
    const auto sim = make_sim(small_device());
    const auto real = run_all(*cpu, model(), trial), simulated = run_all(*sim, model(), trial);
    ASSERT_EQ(real.size(), simulated.size());
    for (std::size_t i = 0; i < real.size(); ++i) {
      EXPECT_EQ(bytes_of(real[i].stages), bytes_of(simulated[i].stages))
          << settings << " " << real[i].variant;
    }
    EXPECT_EQ(cpu->memory().info().used, 0u);
  }
}

TEST(Training, SaysWhatWasRefusedWhenMemoryRunsOut) {
  const auto device = make_sim(small_device(8_MiB));
  const Schedule schedule(parse_training_step(model())(1'000'000));
  const TrialOptions options;
  Training training(*device, schedule, options);
  const Stage stage = training.stage("training", 3, [&] { training.step(); });
  EXPECT_EQ(stage.outcome, Outcome::oom);
  EXPECT_EQ(stage.verdict, Verdict::capacity);
  EXPECT_GT(stage.refused_at.value(), 0);
  EXPECT_GT(stage.refused_bytes, 8_MiB);
  EXPECT_FALSE(stage.message.empty());
  EXPECT_EQ(stage.seconds.samples, 0u);
}

}  // namespace
}  // namespace memsweep
