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

void append_optimizer(Program& program, const TrainingStep& step, const std::vector<Parameter>& working) {
  step.optimizer.append(program);
  if (step.precision.row->holder == Precision::Holder::masters) append_copy_of_masters(program, working);
}

}  // namespace

Program TrainingStep::operator()(std::int64_t batch) const {
  Program program = precision(divide_loss(forward(batch, randomness), micro_batches));
  const auto& scaling = precision.scaler;
  const LossScaler scaler = scaling ? scale_loss(program, *scaling) : LossScaler{};
  program = with_gradients(*this, std::move(program));
  const std::vector<Parameter> working = program.parameters;
  if (precision.row->holder == Precision::Holder::masters) program = with_master_weights(std::move(program));
  if (keep_gradients) program = memsweep::keep_gradients(std::move(program));
  const bool fused = optimizer.options.implementation == Implementation::fused;
  if (scaling && (clip || !fused)) append_unscale(program, scaler, clip ? Phase::clip : Phase::optimizer);
  if (clip) program = clip_gradients(std::move(program), *clip);
  std::vector<BufferId> arguments;
  if (scaling && fused) arguments = append_fused_arguments(program, scaler);
  const std::size_t update = program.step.size();
  append_optimizer(program, *this, working);
  if (scaling) {
    skip_on_overflow(program, update);
    if (fused) program.step.push_back({.op = Op::release, .phase = Phase::optimizer, .inputs = arguments});
    append_scale_update(program, scaler, *scaling);
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
