// What fused layers change of a training: nothing in its values where nothing is rounded, and of its memory
// and time what the formulas say.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/sweep/phase_run.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

TrainingOptions options_of(std::string model, std::string activation, std::string precision = "fp32") {
  TrainingOptions options;
  options.model.spec = std::move(model);
  options.model.activation = std::move(activation);
  options.precision.name = std::move(precision);
  options.optimizer = "adamw";
  return options;
}

TrialResult trial(TrainingOptions options, bool fused, Device& device, std::int64_t batch = 6) {
  options.loop.fuse = fused;
  return run_trial(device, device.memory(), Schedule(parse_training_step(options).of_whole(batch)), {});
}

/// Of a layer that learns under each of the other remedies.
std::vector<TrainingOptions> remedies(const TrainingOptions& plain) {
  std::vector<TrainingOptions> list(7, plain);
  list[1].recompute = {"every:1"};
  list[2].recompute = {"sqrt"};
  list[3].recompute = {"every:1"};
  list[3].reentrant = true;
  list[4].loop.micro_batches = 2;
  list[5].loop.offload = true;
  list[6].model.dropout = 0.2;
  return list;
}

const std::string kMlp = "mlp:12-16x4-5", kGpt = "gpt:layers=2,width=16,heads=2,context=8,vocab=20";

TEST(FusedLayers, TrainToTheSameBitsUnderEveryRemedy) {
  const auto device = make_cpu(64_MiB);
  for (const auto& [model, activation] : std::vector<std::pair<std::string, std::string>>{
           {kMlp, "relu"}, {kMlp, "relu_inplace"}, {kMlp, "gelu_tanh"}, {kGpt, "gelu_tanh"}}) {
    for (const TrainingOptions& options : remedies(options_of(model, activation))) {
      const TrialResult apart = trial(options, false, *device), together = trial(options, true, *device);
      ASSERT_EQ(together.outcome, Outcome::ok) << together.message;
      EXPECT_EQ(apart.result_hash, together.result_hash)
          << model << " " << activation << " " << fmt::format("{}", fmt::join(options.recompute, ","))
          << describe(options.loop);
      EXPECT_LE(together.peak.requested, apart.peak.requested) << model << " " << activation;
    }
  }
}

// The relu of a rounded number is the rounded relu; a gelu that reads its operand unrounded is another one.
TEST(FusedLayers, In16BitChangeOnlyWhatGeluReads) {
  const auto device = make_cpu(64_MiB);
  for (const std::string precision :
       {"tf32", "bf16", "fp16", "autocast-bf16", "autocast-fp16", "master-bf16"}) {
    SCOPED_TRACE(precision);
    auto relu = options_of(kMlp, "relu", precision), gelu = options_of(kMlp, "gelu_tanh", precision);
    relu.optimizer = gelu.optimizer = "sgd";  // adamw's epsilon is 0 in fp16
    EXPECT_EQ(trial(relu, false, *device).result_hash, trial(relu, true, *device).result_hash);
    const TrialResult apart = trial(gelu, false, *device), together = trial(gelu, true, *device);
    EXPECT_EQ(apart.result_hash == together.result_hash, precision == "tf32");
    EXPECT_NEAR(apart.loss.value(), together.loss.value(), 0.02);
  }
}

TEST(FusedLayers, TakeTheSameBytesOnCpuAndSim) {
  const auto cpu = make_cpu(64_MiB), sim = make_sim(find_profile("cpu"));
  for (const std::string activation : {"relu", "gelu_tanh"}) {
    for (const TrainingOptions& options : remedies(options_of(kMlp, activation)))
      EXPECT_EQ(trial(options, true, *cpu).peak, trial(options, true, *sim).peak);
  }
}

// Memory -----------------------------------------------------------------------------------------------

constexpr std::int64_t kBatch = 1024, kWidth = 512, kClasses = 8, kHidden = kBatch * kWidth * 4;

/// Requested bytes at the peak of a phase of the second step.
std::int64_t peak_of(const std::string& phase, TrainingOptions options, bool fused) {
  options.loop.fuse = fused;
  const Schedule schedule(parse_training_step(options)(kBatch));
  const PhaseRun run = run_phases(*make_sim(find_profile("cpu")),
                                  [&](std::int64_t) -> const Schedule& { return schedule; }, {});
  for (const PhaseRow& row : run.rows) {
    if (row.step == 2 && row.phase == phase) return row.peak_requested;
  }
  ADD_FAILURE() << "no phase " << phase;
  return 0;
}

std::int64_t saved(const std::string& phase, const TrainingOptions& options) {
  return peak_of(phase, options, false) - peak_of(phase, options, true);
}

// The forward pass of layers that keep a result each peaks when the last one's sum lies beside it, or
// without the sum at the logits. The backward pass peaks at the last layer: with the gradients of its result
// and of its sum, or where they are one, with the gradients of its sum, its operand and its weights.
TEST(FusedLayers, OfReluSaveOneTensorOfALayerInEachPass) {
  const auto deep = options_of("sequential:64-512x4-8", "relu");
  EXPECT_EQ(saved("forward", deep), kHidden - kBatch * kClasses * 4);
  EXPECT_EQ(saved("backward", deep), kHidden - (kWidth * kWidth + kWidth) * 4);
}

// The forward pass keeps sums as it does without; the backward pass peaks when the last layer's result, its
// sum and its gradient stand there, before the sum's gradient is made.
TEST(FusedLayers, OfGeluSaveNoByteOfATraining) {
  const auto deep = options_of("sequential:64-512x4-8", "gelu_tanh");
  for (const std::string phase : {"forward", "backward"}) EXPECT_EQ(saved(phase, deep), 0) << phase;
}

// Where nothing is kept: input, sum and result of a module, without the sum.
TEST(FusedLayers, SaveTheSumOfAModuleInInference) {
  for (const std::string activation : {"relu", "gelu_tanh"}) {
    auto inference = options_of("mlp:512-512x4-8", activation);
    inference.loop.mode = Mode::no_grad;
    EXPECT_EQ(saved("forward", inference), kHidden) << activation;
  }
}

// Time -------------------------------------------------------------------------------------------------

// The activation's own kernel goes: a launch, and a read and a write of each value.
TEST(FusedLayers, SaveTheActivationsKernel) {
  const Profile gpu = find_profile("h100-sxm-80gb");
  const auto seconds = [&](bool fused) {
    auto options = options_of("mlp:512-512x4-8", "relu");
    options.loop.fuse = fused;
    const auto device = make_sim(gpu);
    TrialOptions timed;
    timed.timing = StopRule{.min_samples = 1, .max_samples = 1};
    return run_trial(*device, device->memory(), Schedule(parse_training_step(options)(kBatch)), timed)
        .step_seconds.median;
  };
  const double kernel = gpu.launch_seconds + 2 * kHidden / (gpu.bandwidth * gpu.bandwidth_share);
  EXPECT_NEAR(seconds(false) - seconds(true), 4 * kernel, 1e-3 * kernel);
}

// Refusals ---------------------------------------------------------------------------------------------

TEST(FusedLayers, AreRefusedWhereThereAreNoneAndBesideSelectiveRecomputation) {
  const auto refused = [](TrainingOptions options) {
    options.loop.fuse = true;
    EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError) << options.model.spec;
  };
  for (const std::string activation : {"gelu", "silu", "tanh", "sigmoid", "identity"})
    refused(options_of(kMlp, activation));
  auto options = options_of(kMlp, "relu");
  options.model.bias = false;
  refused(options);
  options.model.bias = options.model.layer_norm = true;
  refused(options);
  refused(options_of("conv:channels=3-4-4,classes=3,size=8", ""));
  auto selective = options_of(kGpt, "gelu_tanh");
  selective.recompute = {"selective"};
  refused(selective);
}

}  // namespace
}  // namespace memsweep
