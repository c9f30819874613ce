#include "scenarios/training_step.h"

#include <utility>
#include <vector>

#include "harness/program/differentiate.h"
#include "harness/program/passes/accumulate.h"
#include "harness/program/passes/recompute.h"

namespace memsweep {
namespace {

/// Forward and backward pass, with complete gradients.
Program with_gradients(const TrainingStep& step, Program program) {
  program = differentiate(std::move(program));
  program = recompute(std::move(program), recompute_segments(step.recompute, program.blocks));
  return accumulate(std::move(program), step.micro_batches);
}

bool is_fused(const TrainingStep& step) {
  return step.optimizer.options.implementation == Implementation::fused;
}

/// A fused optimizer unscales by itself what has not been unscaled for clipping.
void append_unscale_and_clip(Program& program, const TrainingStep& step, const LossScaler& scaler) {
  const bool clips = step.clip.has_value();
  if (step.precision.scaler && (clips || !is_fused(step)))
    append_unscale(program, scaler, clips ? Phase::clip : Phase::optimizer);
  if (clips) program = clip_gradients(std::move(program), *step.clip);
}

/// `working` are the parameters that are not the optimizer's own, where it updates masters.
void append_optimizer(Program& program, const TrainingStep& step, const std::vector<Parameter>& working) {
  step.optimizer.append(program);
  if (step.precision.has_masters()) append_copy_of_masters(program, working);
}

void append_scaled_optimizer(Program& program, const TrainingStep& step, const LossScaler& scaler,
                             const std::vector<Parameter>& working) {
  std::vector<BufferId> arguments;
  if (is_fused(step)) arguments = append_fused_arguments(program, scaler);
  const std::size_t update = program.step.size();
  append_optimizer(program, step, working);
  skip_on_overflow(program, update);
  if (!arguments.empty())
    program.step.push_back({.op = Op::release, .phase = Phase::optimizer, .inputs = std::move(arguments)});
  append_scale_update(program, scaler, *step.precision.scaler);
}

}  // namespace

Program TrainingStep::operator()(std::int64_t batch) const {
  Program program = precision(divide_loss(forward(batch, randomness), micro_batches));
  const LossScaler scaler = precision.scaler ? scale_loss(program, *precision.scaler) : LossScaler{};
  program = with_gradients(*this, std::move(program));
  const std::vector<Parameter> working = program.parameters;
  if (precision.has_masters()) program = with_master_weights(std::move(program));
  if (keep_gradients) program = memsweep::keep_gradients(std::move(program));
  append_unscale_and_clip(program, *this, scaler);
  if (precision.scaler) {
    append_scaled_optimizer(program, *this, scaler, working);
  } else {
    append_optimizer(program, *this, working);
  }
  append_zero_grad(program);
  verify(program);
  return program;
}

TrainingStep parse_training_step(const TrainingOptions& options) {
  return {.forward = parse_model(options.model),
          .optimizer = parse_optimizer(options.optimizer),
          .randomness = options.randomness,
          .precision = parse_precision(options.precision)};
}

std::int32_t block_count(const ForwardPass& forward) { return forward(1, {}).blocks; }

}  // namespace memsweep
