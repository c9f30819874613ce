// What the scenarios promise of their variants, on the simulated device and, where values matter, on the cpu.
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/sweep/predict.h"
#include "scenarios/scenario.h"
#include "scenarios/variants.h"

namespace memsweep {
namespace {

TrainingOptions small() {
  TrainingOptions options;
  options.model.spec = "mlp:16-16x4-4";
  return options;
}

Profile device() {
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 16_MiB;
  return profile;
}

std::int64_t largest(const Variant& variant) { return predict(variant, device(), {}).largest; }

TEST(Remedies, EveryScenariosVariantsTakeTheSameBytesOnCpuAndSimulated) {
  for (const Scenario& scenario : scenarios()) {
    if (scenario.variants == nullptr) continue;
    for (const Variant& variant : scenario.variants(small())) {
      const Schedule schedule(variant.program(16));
      const auto cpu = make_cpu(16_MiB), sim = make_sim(device());
      EXPECT_EQ(run_trial(*cpu, cpu->memory(), schedule, {}).peak,
                run_trial(*sim, sim->memory(), schedule, {}).peak)
          << scenario.name << " " << variant.label;
    }
  }
}

TEST(Remedies, AForgottenGraphHoldsWhatNoGradDoesNot) {
  TrainingOptions deep;
  deep.model.spec = "mlp:64-64x24-4";
  const auto variants = find_scenario("inference").variants(deep);
  ASSERT_EQ(variants.size(), 3U);
  EXPECT_LT(2 * largest(variants[0]), largest(variants[1])) << "forgotten graph against no_grad";
  EXPECT_EQ(largest(variants[1]), largest(variants[2])) << "no_grad against inference_mode";
  for (const Variant& variant : variants) EXPECT_EQ(variant.optimizer, "none");
}

TEST(Remedies, EvaluationTakesNothingThatOnlyTrainingHas) {
  TrainingOptions options = small();
  options.precision = {.name = "autocast-fp16", .scaler = "default"};
  options.recompute = {"sqrt"};
  options.reentrant = true;
  options.loop.micro_batches = 2;
  options.loop.clip = ClipOptions{};
  options.loop.set_to_none = false;
  options.loop.offload = true;
  for (const Variant& variant : find_scenario("inference").variants(options))
    EXPECT_NO_THROW(verify(variant.program(4))) << variant.label;
}

TEST(Remedies, AccumulationComparesTheWholeBatch) {
  for (const Variant& variant : find_scenario("accumulation").variants(small())) {
    std::int64_t samples = 0;
    const Program program = variant.program(13);
    for (const Instr& instr : program.step) {
      if (instr.op == Op::integers) samples += program.type(instr.outputs[0]).shape.elements();
    }
    EXPECT_EQ(samples, 13) << variant.label;
  }
}

TEST(Remedies, FootprintIsTheLineThroughTwoPeaks) {
  const Variant variant = variant_of("plain", small());
  const Profile large = find_profile("h100-sxm-80gb");
  const auto peak = [&](std::int64_t batch) {
    const auto sim = make_sim(large);
    return run_trial(*sim, sim->memory(), Schedule(variant.program(batch)), {}).peak.requested;
  };
  const Footprint line = footprint(variant, 4096, large, {});
  EXPECT_EQ(line.sample_bytes, (peak(4096) - peak(2048)) / 2048);
  EXPECT_EQ(line.fixed_bytes + 4096 * line.sample_bytes, peak(4096));
  EXPECT_EQ(footprint(variant, 1, large, {}).sample_bytes, 0U);
}

TEST(GraphLeak, FindsTheStepThatFailsAndTheCure) {
  const Scenario& leak = find_scenario("graph-leak");
  std::vector<ExperimentResult> results;
  for (const Experiment& experiment : leak.experiments(small(), device())) {
    const auto sim = make_sim(device());
    results.push_back({experiment.subject, experiment.variant, experiment.run(*sim, {})});
  }
  ASSERT_EQ(results.size(), 4U);
  const Stage& last = results[0].stages.back();
  EXPECT_EQ(last.outcome, Outcome::oom) << "the list of graphs";
  for (std::size_t i = 1; i < results.size(); ++i)
    EXPECT_EQ(results[i].stages.back().outcome, Outcome::ok) << results[i].variant;
  const auto sentences = leak.conclusions(results);
  EXPECT_NE(sentences[0].find("memory runs out in step"), std::string::npos) << sentences[0];
  EXPECT_NE(sentences[1].find("memory stays at"), std::string::npos) << sentences[1];
  EXPECT_NE(sentences[2].find("each step leaves 512B behind"), std::string::npos) << sentences[2];
  EXPECT_NE(sentences[3].find("memory stays at"), std::string::npos) << sentences[3];
}

}  // namespace
}  // namespace memsweep
