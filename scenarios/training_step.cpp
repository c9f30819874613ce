#include "scenarios/training_step.h"

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/accumulate.h"
#include "harness/program/passes/recompute.h"
#include "harness/program/passes/unused_graph.h"
#include "harness/program/passes/variables.h"

namespace memsweep {
namespace {

Program differentiated(const TrainingStep& step, Program forward) {
  const LoopOptions& loop = step.loop;
  Program program = differentiate(divide_loss(std::move(forward), loop.micro_batches));
  program = recompute(std::move(program), recompute_segments(step.recompute, program.blocks));
  program = accumulate(std::move(program), loop.micro_batches);
  if (!loop.set_to_none) program = keep_gradients(std::move(program));
  if (loop.clip) program = clip_gradients(std::move(program), *loop.clip);
  if (step.optimizer) step.optimizer->append(program);
  append_zero_grad(program);
  return program;
}

bool keeps_graph(Mode mode) { return mode == Mode::eval_grad || mode == Mode::leak; }

/// What a mode without a backward pass has no use for.
void refuse_training_parts(const TrainingOptions& options) {
  const LoopOptions& loop = options.loop;
  const auto refuse = [&](bool asked, std::string_view what) {
    if (!asked) return;
    throw UsageError(
        fmt::format("mode {} has no backward pass, so {}; leave it out", name_of(loop.mode), what));
  };
  refuse(loop.micro_batches != 1, "there are no gradients that micro-batches could add up");
  refuse(!loop.set_to_none, "there are no gradients to keep");
  refuse(loop.clip.has_value(), "there are no gradients to clip");
  for (const std::string& policy : options.recompute) {
    refuse(policy != "none", fmt::format("recompute policy '{}' has nothing to recompute for", policy));
  }
}

}  // namespace

Program TrainingStep::operator()(std::int64_t batch) const {
  Program program = forward(batch, randomness);
  if (trains(loop.mode)) program = differentiated(*this, std::move(program));
  if (keeps_graph(loop.mode)) program = keep_graph(std::move(program), release == PytorchRelease::v2_15);
  if (loop.mode == Mode::leak || loop.mode == Mode::leak_trained) program = list_losses(std::move(program));
  if (loop.variables == Variables::del) program = delete_variables(std::move(program));
  if (loop.variables == Variables::resident) program = keep_data_resident(std::move(program));
  verify(program);
  return program;
}

TrainingStep parse_training_step(const TrainingOptions& options) {
  if (options.precision != "fp32") {
    throw UsageError(fmt::format("there is no precision '{}'; known is: fp32", options.precision));
  }
  TrainingStep step;
  ModelOptions model = options.model;
  if (evaluates(options.loop.mode)) model.dropout = 0;
  step.forward = parse_model(model);
  step.randomness = options.randomness;
  step.loop = options.loop;
  step.release = options.release;
  if (!trains(options.loop.mode)) {
    refuse_training_parts(options);
    return step;
  }
  step.optimizer = parse_optimizer(options.optimizer);
  if (options.recompute.size() == 1) step.recompute = options.recompute.front();
  if (step.loop.clip && options.release != PytorchRelease::v2_15 &&
      step.loop.clip->kernels == NormKernels::foreach_packed) {
    step.loop.clip->kernels = NormKernels::foreach_padded;
  }
  return step;
}

std::int32_t block_count(const ForwardPass& forward) { return forward(1, {}).blocks; }

}  // namespace memsweep
