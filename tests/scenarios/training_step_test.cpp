// What the parts of a training step promise together: how gradients are kept, added up and clipped changes
// what is trained no more than its arithmetic says, and real and simulated devices take the same bytes.

#include "scenarios/training_step.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/memory/caching_allocator.h"
#include "harness/program/passes/variables.h"
#include "harness/sweep/execution.h"
#include "harness/sweep/trial.h"

namespace memsweep {
namespace {

TrainingStep step_of(const std::string& optimizer) {
  TrainingOptions options;
  options.model.spec = "mlp:24-32x4-7";
  options.model.activation = "gelu";
  options.model.layer_norm = true;
  options.model.dropout = 0.1;
  options.optimizer = optimizer;
  options.randomness.seed = 5;
  return parse_training_step(options);
}

TrialResult run(Device& device, Program program) {
  return run_trial(device, device.memory(), Schedule(std::move(program)), {});
}

float last_loss(const TrainingStep& step, std::int64_t batch) {
  const auto device = make_cpu(64_MiB);
  return run(*device, step(batch)).loss.value();
}

TEST(TrainingStep, TrainsTheSameWithGradientsThatAreKept) {
  for (const char* optimizer : {"sgd", "momentum", "adamw", "adamw:implementation=fused"}) {
    TrainingStep step = step_of(optimizer);
    const float dropped = last_loss(step, 12);
    step.loop.set_to_none = false;
    EXPECT_EQ(last_loss(step, 12), dropped) << optimizer;
  }
}

/// Of the third step, over all micro-batches.
float sum_of_losses(Program program) {
  const auto device = make_cpu(64_MiB);
  CachingAllocator allocator(device->memory());
  const Schedule schedule(std::move(program));
  Execution execution(*device, allocator, {});
  float sum = 0;
  execution.on_phase_end([&](std::int64_t number, Phase phase) {
    if (number != 3 || phase != Phase::loss) return;
    float loss = 0;
    device->read(execution.address(schedule.program.loss), &loss, sizeof loss);
    sum += loss;
  });
  execution.set_up(schedule);
  for (std::int64_t number : {1, 2, 3}) execution.step(schedule, number);
  return sum;
}

TEST(TrainingStep, TrainsInMicroBatchesAsOnTheWholeBatch) {
  TrainingStep step = step_of("sgd:lr=0.1");
  const float whole = sum_of_losses(step(12));
  for (int micro_batches : {2, 3, 12}) {
    step.loop.micro_batches = micro_batches;
    EXPECT_NEAR(sum_of_losses(step(12 / micro_batches)), whole, 1e-5f * whole) << micro_batches;
  }
}

TEST(TrainingStep, TrainsInMicroBatchesOfDifferentSizesAsOnTheWholeBatch) {
  TrainingStep step = step_of("sgd:lr=0.1");
  const float whole = sum_of_losses(step(11));
  for (int micro_batches : {2, 3, 4, 11}) {
    step.loop.micro_batches = micro_batches;
    EXPECT_NEAR(sum_of_losses(step.of_whole(11)), whole, 1e-5f * whole) << micro_batches;
  }
  EXPECT_NEAR(sum_of_losses(step.of_micro_batches({1, 7, 3})), whole, 1e-5f * whole);
}

/// A transformer copies its heads for any batch but one sequence.
TEST(TrainingStep, MicroBatchesOfDifferentSizesTakeTheSameBytesOnCpuAndSim) {
  const auto cpu = make_cpu(64_MiB), sim = make_sim(find_profile("cpu"));
  const auto compare = [&](const TrainingOptions& options) {
    for (const std::vector<std::int64_t>& rows : {std::vector<std::int64_t>{3, 3, 1}, {1, 2, 4}}) {
      const Program program = parse_training_step(options).of_micro_batches(rows);
      const TrialResult real = run(*cpu, program), simulated = run(*sim, program);
      EXPECT_EQ(real.outcome, Outcome::ok) << real.message;
      EXPECT_EQ(real.peak, simulated.peak) << options.model.spec << " " << describe(options.loop);
    }
  };
  for (const char* model : {"mlp:24-32x4-7", "gpt:layers=2,width=16,heads=2,context=8,vocab=32",
                            "conv:channels=3-4-5,classes=5,size=8"}) {
    for (const Variables variables : {Variables::standard, Variables::del, Variables::resident}) {
      for (const std::string precision : {"fp32", "autocast-fp16", "master-bf16"}) {
        TrainingOptions options;
        options.model.spec = model;
        options.model.dropout = options.model.spec.starts_with("conv") ? 0 : 0.1;
        options.optimizer = "adamw";
        options.precision.name = precision;
        if (precision == "autocast-fp16") options.precision.scaler = "init_scale=64";
        options.loop.variables = variables;
        options.loop.clip = ClipOptions{};
        options.loop.set_to_none = variables != Variables::standard;
        options.recompute = {"every:1"};
        options.loop.input_requires_grad =
            variables != Variables::resident && !options.model.spec.starts_with("gpt");
        compare(options);
      }
    }
  }
}

TEST(TrainingStep, ClipsTheSameHoweverTheNormIsTaken) {
  TrainingStep step = step_of("sgd:lr=1");
  const float unclipped = last_loss(step, 12);
  step.loop.clip = ClipOptions{.max_norm = 0.1};
  const float clipped = last_loss(step, 12);
  EXPECT_GT(std::abs(clipped - unclipped), 0.01f);
  step.loop.clip->kernels = NormKernels::foreach_padded;
  EXPECT_NEAR(last_loss(step, 12), clipped, 1e-5f * clipped);
  step.loop.clip->kernels = NormKernels::for_loop;
  EXPECT_NEAR(last_loss(step, 12), clipped, 1e-5f * clipped);
  step.loop.clip->max_norm = 1e6;
  EXPECT_EQ(last_loss(step, 12), unclipped) << "a norm within the limit is left alone";
}

TEST(TrainingStep, ListOfLossesGrowsWithEachStep) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto peak = [&](std::int64_t steps, bool listed) {
    Program program = step_of("sgd")(12);
    if (listed) program = list_losses(std::move(program));
    TrialOptions options;
    options.least_steps = options.most_steps = steps;
    return run_trial(*device, device->memory(), Schedule(std::move(program)), options).peak.requested;
  };
  EXPECT_EQ(peak(20, false), peak(10, false));
  EXPECT_EQ(peak(20, true) - peak(10, true), 10 * sizeof(float));
}

TEST(TrainingStep, HoldsTheGradientOfAnInputAsLongAsItsLoss) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  constexpr std::size_t kInputAndGradient = 2 * 12 * 24 * sizeof(float);
  for (int micro_batches : {1, 3}) {
    for (const bool del : {false, true}) {
      const auto peak = [&](std::int64_t steps, bool listed) {
        TrainingStep step = step_of("sgd");
        step.loop.input_requires_grad = true;
        step.loop.micro_batches = micro_batches;
        if (del) step.loop.variables = Variables::del;
        if (listed) step.loop.mode = Mode::leak_trained;
        TrialOptions options;
        options.least_steps = options.most_steps = steps;
        return run_trial(*device, device->memory(), Schedule(step(12)), options).peak.requested;
      };
      EXPECT_EQ(peak(20, false), peak(10, false)) << micro_batches << del;
      const auto losses = static_cast<std::size_t>(10 * micro_batches);
      EXPECT_GE(peak(20, true) - peak(10, true), losses * kInputAndGradient) << micro_batches;
    }
  }
}

TEST(TrainingStep, OffloadChangesNoBitAndTakesTheSameBytesOnCpuAndSim) {
  const auto result = [](TrainingOptions options, bool moved, Device& device) {
    options.loop.offload = moved;
    return run_trial(device, device.memory(), Schedule(parse_training_step(options)(4)), {});
  };
  for (const std::string model : {"mlp:16-16x4-4", "gpt:layers=2,width=16,heads=2,context=8,vocab=20",
                                  "conv:channels=3-4-4,classes=3,size=8"}) {
    for (const std::string precision : {"fp32", "bf16", "autocast-bf16"}) {
      for (int micro_batches : {1, 2}) {
        TrainingOptions options;
        options.model.spec = model;
        options.model.dropout = model.starts_with("mlp") ? 0.1 : 0;
        options.precision.name = precision;
        options.loop.micro_batches = micro_batches;
        const auto cpu = make_cpu(64_MiB), sim = make_sim(find_profile("cpu"));
        const TrialResult plain = result(options, false, *cpu), moved = result(options, true, *cpu);
        EXPECT_EQ(plain.result_hash, moved.result_hash) << model << " " << precision << " " << micro_batches;
        EXPECT_EQ(result(options, true, *sim).peak, moved.peak) << model << " " << precision;
      }
    }
  }
}

TEST(TrainingStep, RefusesOffloadBesideRecomputation) {
  TrainingOptions options;
  options.loop.offload = true;
  options.recompute = {"sqrt"};
  EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError);
}

TEST(TrainingStep, RefusesWhatContradictsReentrantCheckpointing) {
  TrainingOptions options;
  options.reentrant = true;
  EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError);
  options.recompute = {"none"};
  EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError);
  options.recompute = {"every:1"};
  EXPECT_TRUE(parse_training_step(options).loop.input_requires_grad) << "the first segment needs it";
  options.loop.variables = Variables::resident;
  EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError);
}

TEST(TrainingStep, IsTriedBeyondTheTurnOfItsOptimizer) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto result = run(*device, step_of("radam:implementation=for-loop")(12));
  EXPECT_GT(result.steps, 6) << "its sixth step takes more memory than the five before";
  EXPECT_EQ(result.outcome, Outcome::ok);
}

TEST(TrainingStep, TakesTheSameBytesOnCpuAndSimInEveryCombination) {
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 64_MiB;
  const auto cpu = make_cpu(profile.memory_bytes);
  const auto sim = make_sim(profile);
  for (int micro_batches : {1, 3}) {
    for (bool keep : {false, true}) {
      for (bool clip : {false, true}) {
        for (const char* policy : {"none", "every:2"}) {
          for (const auto& loop : {delete_variables, keep_data_resident}) {
            TrainingStep step = step_of("adamw");
            step.loop.micro_batches = micro_batches;
            step.loop.set_to_none = !keep;
            if (clip) step.loop.clip = ClipOptions{};
            step.recompute = policy;
            const TrialResult real = run(*cpu, loop(step(40))), simulated = run(*sim, loop(step(40)));
            EXPECT_EQ(real.outcome, Outcome::ok) << real.message;
            EXPECT_EQ(real.peak, simulated.peak)
                << fmt::format("{} {} {} {}", micro_batches, keep, clip, policy);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace memsweep
