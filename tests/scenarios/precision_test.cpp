#include "scenarios/precision.h"

#include <cmath>
#include <memory>
#include <string>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/sweep/trial.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

TrainingOptions options_of(PrecisionOptions precision, const std::string& optimizer = "adamw") {
  TrainingOptions options;
  options.model.spec = "mlp:32-64x6-10";
  options.model.layer_norm = true;
  options.optimizer = optimizer;
  options.precision = std::move(precision);
  return options;
}

TrialResult trained(const TrainingOptions& options, const std::string& recompute = "none",
                    std::int64_t batch = 64) {
  const auto device = make_cpu(64_MiB);
  TrainingStep step = parse_training_step(options);
  step.recompute = recompute;
  return run_trial(*device, device->memory(), Schedule(step(batch)), {});
}

std::string refusal(const PrecisionOptions& options) {
  try {
    static_cast<void>(parse_training_step(options_of(options)));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Precision, EveryOneTrainsToNearlyTheLossOfF32) {
  const float exact = trained(options_of({}, "sgd")).loss.value();
  for (const Precision& row : precisions()) {
    const TrialResult result = trained(options_of({.name = std::string(row.name)}, "sgd"));
    ASSERT_TRUE(result.loss.has_value()) << row.name;
    EXPECT_NEAR(*result.loss, exact, 0.05 * std::abs(exact)) << row.name;
    EXPECT_EQ(*result.loss == exact, row.name == "fp32") << row.name;
  }
}

TEST(Precision, ConvolutionsUnderAutocastAreOf16BitAndTrainNearlyAsInF32) {
  const auto convolutions = [](const char* precision) {
    TrainingOptions options = options_of({.name = precision}, "sgd");
    options.model.spec = "conv:channels=3-4-5,classes=5,size=8";
    options.model.layer_norm = false;
    return options;
  };
  const TrainingOptions options = convolutions("autocast-bf16");
  const Program program = parse_training_step(options)(2);
  for (const Instr& instr : program.step) {
    if (instr.op == Op::conv2d || instr.op == Op::batch_norm) {
      EXPECT_EQ(program.type(instr.outputs[0]).dtype, DType::bf16);
    }
  }
  const float exact = trained(convolutions("fp32"), "none", 8).loss.value();
  const TrialResult narrow = trained(options, "none", 8);
  EXPECT_NEAR(narrow.loss.value(), exact, 0.05 * std::abs(exact));
  EXPECT_NE(narrow.loss.value(), exact);
  EXPECT_EQ(trained(options, "every:1", 8).result_hash, narrow.result_hash);
}

TEST(Precision, AdamsEpsilonVanishesInFp16AndTheLossIsNoNumberAnyMore) {
  EXPECT_TRUE(std::isnan(trained(options_of({.name = "fp16"}, "adamw")).loss.value()));
}

TEST(Precision, RecomputationChangesNoBitInAnyOfThem) {
  for (const Precision& row : precisions()) {
    PrecisionOptions precision{.name = std::string(row.name)};
    for (const bool cache : {true, false}) {
      precision.cast_cache = cache || row.holder != Precision::Holder::autocast;
      TrainingOptions options = options_of(precision);
      options.model.dropout = 0.1;
      const auto plain = trained(options).result_hash;
      ASSERT_TRUE(plain.has_value());
      for (const char* policy : {"every:1", "sqrt", "segments:3"})
        EXPECT_EQ(trained(options, policy).result_hash, plain) << row.name << " " << policy;
    }
  }
}

TEST(Precision, TheCastCacheChangesNoValue) {
  const auto with = trained(options_of({.name = "autocast-bf16"}));
  const auto without = trained(options_of({.name = "autocast-bf16", .cast_cache = false}));
  EXPECT_EQ(with.result_hash, without.result_hash);
}

TEST(Precision, CpuAndSimTakeTheSameBytesInEachOfThem) {
  for (const Precision& row : precisions()) {
    TrainingOptions options = options_of({.name = std::string(row.name)});
    const bool scaled = row.type == DType::f16 && row.holder != Precision::Holder::whole;
    if (scaled) options.precision.scaler = "init_scale=64";
    const auto sim = make_sim(find_profile("cpu"));
    const Schedule schedule(parse_training_step(options)(64));
    const auto real = trained(options), simulated = run_trial(*sim, sim->memory(), schedule, {});
    EXPECT_EQ(real.peak.requested, simulated.peak.requested) << row.name;
    EXPECT_EQ(real.peak.allocated, simulated.peak.allocated) << row.name;
    EXPECT_EQ(real.peak.reserved, simulated.peak.reserved) << row.name;
  }
}

using Bytes = std::tuple<std::size_t, std::size_t, std::size_t, std::int64_t>;

Bytes bytes_on(Device& device, const Program& program) {
  const TrialResult result = run_trial(device, device.memory(), Schedule(program), {});
  return {result.peak.requested, result.peak.allocated, result.peak.reserved, result.steps};
}

TEST(Precision, GoesWithAccumulationClippingKeptGradientsAndRecomputation) {
  const auto cpu = make_cpu(64_MiB), sim = make_sim(find_profile("cpu"));
  for (const Precision& row : precisions()) {
    PrecisionOptions precision{.name = std::string(row.name)};
    if (row.type == DType::f16 && row.holder != Precision::Holder::whole) precision.scaler = "init_scale=64";
    TrainingStep step = parse_training_step(options_of(precision));
    for (const int choice : {0, 1, 2, 3, 4, 5, 6, 7}) {
      step.loop.micro_batches = (choice & 1) != 0 ? 3 : 1;
      step.loop.set_to_none = (choice & 2) == 0;
      step.loop.clip.reset();
      if ((choice & 4) != 0) step.loop.clip = ClipOptions{};
      step.recompute = (choice & 1) != 0 ? "sqrt" : "none";
      const Program program = step(8);
      EXPECT_EQ(bytes_on(*cpu, program), bytes_on(*sim, program)) << row.name << " " << choice;
    }
  }
}

TEST(Precision, EveryOptimizerTrainsIn16BitAndHasStateOf16Bit) {
  for (const Optimizer& optimizer : optimizers()) {
    for (const Implementation implementation : optimizer.implementations) {
      const auto text = fmt::format("{}:implementation={}", optimizer.name, name_of(implementation));
      const TrainingOptions options = options_of({.name = "bf16"}, text);
      EXPECT_TRUE(std::isfinite(trained(options).loss.value())) << text;
      for (const Buffer& buffer : parse_training_step(options)(64).buffers) {
        const bool of_a_weight = buffer.category == Category::optimizer_state && buffer.type.shape.rank > 0;
        if (!of_a_weight || optimizer.name == "adam8bit") continue;
        EXPECT_EQ(buffer.type.dtype, DType::bf16) << text << " " << buffer.name;
      }
    }
  }
}

TEST(Precision, HalfTheWidthIsHalfTheMemory) {
  const auto f32 = trained(options_of({}), "none", 512),
             bf16 = trained(options_of({.name = "bf16"}), "none", 512);
  EXPECT_LT(static_cast<double>(bf16.peak.requested), 0.55 * static_cast<double>(f32.peak.requested));
  EXPECT_EQ(trained(options_of({.name = "tf32"}), "none", 512).peak.requested, f32.peak.requested);
}

TEST(GradScaler, AStepThatIsSkippedMakesNoStateAndATrialWaitsForOneThatIsNot) {
  TrainingOptions options = options_of({.name = "autocast-fp16", .scaler = "init_scale=1e30"});
  const TrialResult skipped = trained(options);  // 80 halvings: no update in the steps that are waited for
  EXPECT_EQ(skipped.steps, TrialOptions{}.most_steps);
  EXPECT_EQ(skipped.by_category[static_cast<std::size_t>(Category::optimizer_state)], 2 * 512u);
  options.precision.scaler = "init_scale=16777216";
  const TrialResult some = trained(options);
  EXPECT_GT(some.steps, 4);
  EXPECT_LT(some.steps, TrialOptions{}.most_steps);
  options.precision.scaler = "init_scale=64";
  EXPECT_GT(trained(options).by_category[static_cast<std::size_t>(Category::optimizer_state)], 100'000u);
}

TEST(GradScaler, ScalesAndSkipsAlikeForFusedOptimizers) {
  for (const char* scale : {"init_scale=64", "init_scale=16777216"}) {
    const PrecisionOptions precision{.name = "autocast-fp16", .scaler = scale};
    const float fused = *trained(options_of(precision, "sgd:implementation=fused")).loss;
    EXPECT_EQ(fused, *trained(options_of(precision, "sgd")).loss) << scale;
  }
}

TEST(GradScaler, AScaleThatDoesNotOverflowChangesTheWeightsOnlyByRounding) {
  const TrialResult scaled = trained(options_of({.name = "master-fp16", .scaler = "init_scale=256"}));
  const TrialResult plain = trained(options_of({.name = "master-fp16"}));
  EXPECT_NEAR(*scaled.loss, *plain.loss, 1e-2);
}

TEST(Precision, RefusesContradictions) {
  EXPECT_NE(refusal({.name = "fp8"}).find("there is no precision 'fp8'"), std::string::npos);
  EXPECT_NE(refusal({.name = "bf16", .cast_cache = false}).find("no cast cache"), std::string::npos);
  EXPECT_NE(refusal({.name = "tf32", .wide_loss = true}).find("f32 in tf32 already"), std::string::npos);
  for (const char* name : {"fp32", "tf32", "bf16", "autocast-bf16", "master-bf16"})
    EXPECT_NE(refusal({.name = name, .scaler = "default"}).find("fp16"), std::string::npos) << name;
  EXPECT_NE(refusal({.name = "fp16", .scaler = "default"}).find("refuses to unscale"), std::string::npos);
  EXPECT_EQ(refusal({.name = "autocast-fp16", .scaler = "default"}), "");
}

TEST(GradScaler, RefusesNumbersThatItCannotWorkWith) {
  for (const char* text : {"init_scale=0", "init_scale=1e39", "growth_factor=1", "backoff_factor=1",
                           "backoff_factor=0", "growth_interval=0", "growth_interval=2.5",
                           "growth_interval=1e8", "init_scale", "init_scale=", "scale=1", "init_scale=nan"}) {
    EXPECT_NE(refusal({.name = "autocast-fp16", .scaler = text}), "") << text;
  }
}

}  // namespace
}  // namespace memsweep
