// Every scenario on the modelled GPU, which counts, beside its simulation; and what those that train compute
// on one that computes, beside the cpu.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/scenario.h"
#include "tests/cli/on_cuda.h"

namespace memsweep::testing {
namespace {

bool trains(const Scenario& scenario) { return scenario.variants != nullptr; }

/// A model whose boundaries are met within megabytes. Scenarios refuse what they have no use for.
std::string command_of(const Scenario& scenario) {
  std::string command = "--scenario " + std::string(scenario.name) + " --csv rows.csv --quiet ";
  if (!scenario.self_contained) command += "--model mlp:256-64x4-4 ";
  if (trains(scenario)) command += "--time-limit 0.001 ";
  return command;
}

/// Patterns have the size that they have.
std::string memory_of(const Scenario& scenario) { return scenario.self_contained ? "5GiB" : "150MiB"; }

class ScenarioOnCuda : public ::testing::TestWithParam<const Scenario*> {
 protected:
  void SetUp() override {
    const Scenario& scenario = *GetParam();
    run_in(cuda_, "--device cuda --in-process",
           hosted(fmt::format("memory={},context=100MiB,leaks=on", memory_of(scenario))));
    std::ofstream(sim_ / "modelled.json") << profile_of_the_device();
    run_in(sim_, "--device sim --profile modelled.json --memory " + memory_of(scenario));
  }

  static void run_in(const TemporaryFolder& folder, const std::string& device,
                     const Words& environment = {}) {
    const Finished finished = run(folder, command_of(*GetParam()) + device, environment);
    ASSERT_EQ(finished.status, 0) << finished.err;
  }

  void expect_same_training() const {
    const auto cuda = read_rows(cuda_ / "rows.csv"), sim = read_rows(sim_ / "rows.csv");
    ASSERT_EQ(cuda.size(), sim.size());
    for (std::size_t i = 0; i < sim.size(); ++i) {
      const TrialResult &found = cuda[i].result, &counted = sim[i].result;
      SCOPED_TRACE(fmt::format("{}, batch {}", sim[i].variant, sim[i].batch));
      EXPECT_EQ(cuda[i].variant, sim[i].variant);
      EXPECT_EQ(cuda[i].batch, sim[i].batch);
      EXPECT_NE(found.outcome, Outcome::error) << found.message;
      EXPECT_EQ(found.outcome, counted.outcome) << found.message;
      EXPECT_EQ(found.peak, counted.peak);
      EXPECT_EQ(found.by_category, counted.by_category);
      EXPECT_EQ(found.refused_bytes, counted.refused_bytes);
      EXPECT_EQ(found.verdict, counted.verdict);
      EXPECT_EQ(found.overhead_bytes, counted.overhead_bytes);
    }
    const auto found = read_boundaries(cuda_ / "rows.csv"), simulated = read_boundaries(sim_ / "rows.csv");
    ASSERT_EQ(found.size(), simulated.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_GT(found[i].max_batch, 1) << found[i].variant;
      EXPECT_EQ(found[i].max_batch, found[i].predicted_batch) << found[i].variant;
      EXPECT_EQ(found[i].max_batch, simulated[i].max_batch) << found[i].variant;
    }
  }

  void expect_same_experiments() const {
    const auto cuda = read_rows<StageRow>(cuda_ / "rows.csv"), sim = read_rows<StageRow>(sim_ / "rows.csv");
    ASSERT_EQ(cuda.size(), sim.size());
    for (std::size_t i = 0; i < sim.size(); ++i) {
      const Stage &found = cuda[i].stage, &counted = sim[i].stage;
      SCOPED_TRACE(fmt::format("{}, {}, {}", sim[i].subject, sim[i].variant, counted.name));
      EXPECT_EQ(found.name, counted.name);
      EXPECT_NE(found.outcome, Outcome::error) << found.message;
      if (is_pools(sim[i])) continue;
      EXPECT_EQ(found.outcome, counted.outcome) << found.message;
      EXPECT_EQ(found.verdict, counted.verdict);
      EXPECT_EQ(found.refused_at, counted.refused_at);
      EXPECT_EQ(found.alloc_retries, counted.alloc_retries);
      EXPECT_EQ(found.peak, counted.peak);
      EXPECT_EQ(found.now, counted.now);
    }
  }

  /// Of the driver's pool, which is modelled twice.
  static bool is_pools(const StageRow& row) {
    return row.variant.find("cudaMallocAsync") != row.variant.npos;
  }

  TemporaryFolder cuda_, sim_;
};

TEST_P(ScenarioOnCuda, TakesTheBytesAndHasTheBoundariesOfItsSimulation) {
  if (trains(*GetParam())) {
    expect_same_training();
  } else {
    expect_same_experiments();
  }
}

/// All scenarios', but for pareto's: its variants are combinations of theirs.
TEST(ScenariosOnCuda, ComputeTheLossesOfTheCpu) {
  for (const Scenario& scenario : scenarios()) {
    if (!trains(scenario) || scenario.front) continue;
    const std::string command = fmt::format("--scenario {} --batches 4 --model mlp:4-4-2 ", scenario.name);
    const auto cuda = rows_of(command + kRows + "--device cuda --in-process", modelled("on"));
    const auto cpu = rows_of(command + kRows + "--device cpu --memory 64MiB");
    ASSERT_EQ(cuda.size(), cpu.size());
    for (std::size_t i = 0; i < cpu.size(); ++i) {
      const float expected = cpu[i].result.loss.value_or(0);
      const double tolerance = cpu[i].precision == "fp32" ? 1e-5 : 5e-3;
      EXPECT_NEAR(cuda[i].result.loss.value_or(NAN), expected, tolerance * std::abs(expected))
          << scenario.name << ", " << cpu[i].variant;
    }
  }
}

std::vector<const Scenario*> all_scenarios() {
  std::vector<const Scenario*> list;
  for (const Scenario& scenario : scenarios()) list.push_back(&scenario);
  return list;
}
INSTANTIATE_TEST_SUITE_P(Each, ScenarioOnCuda, ::testing::ValuesIn(all_scenarios()),
                         [](const auto& scenario) {
                           std::string name(scenario.param->name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace memsweep::testing
