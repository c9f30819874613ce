#include "scenarios/training_step.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/accumulate.h"
#include "harness/program/passes/fuse.h"
#include "harness/program/passes/offload.h"
#include "harness/program/passes/recompute.h"
#include "harness/program/passes/unused_graph.h"
#include "harness/program/passes/variables.h"

namespace memsweep {
namespace {

Program with_gradients(const TrainingStep& step, Program program) {
  program = differentiate(std::move(program));
  if (step.loop.offload) program = offload(std::move(program));
  return recompute(std::move(program), parse_recompute(step.recompute, program.blocks, step.reentrant));
}

bool keeps_graph(Mode mode) { return mode == Mode::eval_grad || mode == Mode::leak; }

struct Passes {
  Program program;
  LossScaler scaler;
};

/// Forward and, where weights are trained, backward pass of one micro-batch with that share of the batch.
Passes passes(const TrainingStep& step, std::int64_t rows, double share) {
  Program program = step.forward(rows, step.randomness);
  if (step.loop.input_requires_grad) program = require_input_gradient(std::move(program));
  program = step.precision(weigh_loss(std::move(program), share));
  if (step.loop.fuse)
    program = fuse(std::move(program), trains(step.loop.mode) || keeps_graph(step.loop.mode));
  if (!trains(step.loop.mode)) return {std::move(program), {}};
  const auto& scaling = step.precision.scaler;
  const LossScaler scaler = scaling ? scale_loss(program, *scaling) : LossScaler{};
  return {with_gradients(step, std::move(program)), scaler};
}

/// Those of a whole batch, with complete gradients. What stays, as the scaler, is the first micro-batch's.
Passes passes(const TrainingStep& step, const std::vector<std::int64_t>& rows) {
  const auto batch = static_cast<double>(std::accumulate(rows.begin(), rows.end(), std::int64_t{0}));
  std::map<std::int64_t, Program> by_rows;
  LossScaler scaler;
  for (const std::int64_t size : rows) {
    if (by_rows.contains(size)) continue;
    auto one = passes(step, size, static_cast<double>(size) / batch);
    if (by_rows.empty()) scaler = one.scaler;
    by_rows.emplace(size, std::move(one.program));
  }
  return {accumulate(std::move(by_rows), rows), scaler};
}

bool is_fused(const TrainingStep& step) {
  return step.optimizer && step.optimizer->options.implementation() == Implementation::fused;
}

/// A fused optimizer unscales by itself what has not been unscaled for clipping.
void append_unscale_and_clip(Program& program, const TrainingStep& step, const LossScaler& scaler) {
  const bool clips = step.loop.clip.has_value();
  if (step.precision.scaler && (clips || !is_fused(step)))
    append_unscale(program, scaler, clips ? Phase::clip : Phase::optimizer);
  if (clips) program = clip_gradients(std::move(program), *step.loop.clip);
}

/// `working` are the parameters that are not the optimizer's own, where it updates masters.
void append_optimizer(Program& program, const TrainingStep& step, const std::vector<Parameter>& working) {
  if (step.optimizer) step.optimizer->append(program);
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

/// What follows the backward pass.
Program training(const TrainingStep& step, Program program, const LossScaler& scaler) {
  const auto& scaling = step.precision.scaler;
  const std::vector<Parameter> working = program.parameters;
  if (step.precision.has_masters()) program = with_master_weights(std::move(program));
  if (!step.loop.set_to_none) program = keep_gradients(std::move(program));
  append_unscale_and_clip(program, step, scaler);
  if (scaling) {
    append_scaled_optimizer(program, step, scaler, working);
  } else {
    append_optimizer(program, step, working);
  }
  append_zero_grad(program);
  return program;
}

bool recomputes(const TrainingOptions& options) {
  return options.recompute.size() == 1 && options.recompute.front() != "none";
}

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
  refuse(loop.offload, "nothing waits for it on the host");
  refuse(loop.clip.has_value(), "there are no gradients to clip");
  refuse(!options.precision.scaler.empty(), "there are no gradients for a scaler to rescue");
  refuse(options.reentrant, "there is nothing to recompute for");
  for (const std::string& policy : options.recompute) {
    refuse(policy != "none", fmt::format("recompute policy '{}' has nothing to recompute for", policy));
  }
}

/// Without an input that requires a gradient the first segment would get none. Embedded tokens require one.
void make_reentrant(TrainingStep& step, const std::vector<std::string>& policies) {
  const bool recomputes = std::any_of(policies.begin(), policies.end(),
                                      [](const std::string& policy) { return policy != "none"; });
  if (!recomputes)
    throw UsageError("--reentrant says how to recompute; give --recompute a policy besides none");
  step.reentrant = true;
  if (floating_input(step.forward(1, {}))) step.loop.input_requires_grad = true;
}

void refuse_what_cannot_be_fused(const TrainingStep& step, const std::vector<std::string>& policies) {
  if (std::find(policies.begin(), policies.end(), "selective") != policies.end()) {
    throw UsageError(
        "selective recomputation keeps products and makes activations again, and --fuse makes them one op; "
        "choose one of them");
  }
  static_cast<void>(fuse(step.forward(1, {}), false));
}

void refuse_gradient_of_resident_data(const LoopOptions& loop) {
  if (loop.input_requires_grad && loop.variables == Variables::resident)
    throw UsageError("data that stay resident would add up their gradient for ever; take another loop");
}

}  // namespace

Program TrainingStep::operator()(std::int64_t batch) const {
  return of_micro_batches(std::vector(static_cast<std::size_t>(loop.micro_batches), batch));
}

Program TrainingStep::of_whole(std::int64_t batch) const {
  const std::int64_t most = (batch + loop.micro_batches - 1) / loop.micro_batches;
  std::vector<std::int64_t> rows;
  for (std::int64_t left = batch; left > 0; left -= most) rows.push_back(std::min(most, left));
  return of_micro_batches(rows);
}

Program TrainingStep::of_micro_batches(const std::vector<std::int64_t>& rows) const {
  Passes made = passes(*this, rows);
  Program program = std::move(made.program);
  if (trains(loop.mode)) program = training(*this, std::move(program), made.scaler);
  if (keeps_graph(loop.mode)) program = keep_graph(std::move(program), release == PytorchRelease::v2_15);
  if (loop.mode == Mode::leak || loop.mode == Mode::leak_trained) program = list_losses(std::move(program));
  if (loop.variables == Variables::del) program = delete_variables(std::move(program));
  if (loop.variables == Variables::resident) program = keep_data_resident(std::move(program));
  verify(program);
  return program;
}

TrainingStep parse_training_step(const TrainingOptions& options) {
  TrainingStep step;
  step.precision = parse_precision(options.precision);
  ModelOptions model = options.model;
  model.products = step.precision.row->type;
  model.evaluation = evaluates(options.loop.mode);
  if (model.evaluation) model.dropout = 0;
  step.forward = parse_model(model);
  step.randomness = options.randomness;
  step.loop = options.loop;
  step.release = options.release;
  if (step.loop.fuse) refuse_what_cannot_be_fused(step, options.recompute);
  if (!trains(options.loop.mode)) {
    refuse_training_parts(options);
    return step;
  }
  if (options.loop.offload && recomputes(options)) {
    throw UsageError("offload keeps what recomputation throws away; choose one of them");
  }
  step.optimizer = parse_optimizer(options.optimizer);
  if (options.recompute.size() == 1) step.recompute = options.recompute.front();
  if (options.reentrant) make_reentrant(step, options.recompute);
  refuse_gradient_of_resident_data(step.loop);
  if (step.loop.clip && options.release != PytorchRelease::v2_15 &&
      step.loop.clip->kernels == NormKernels::foreach_packed) {
    step.loop.clip->kernels = NormKernels::foreach_padded;
  }
  return step;
}

std::int32_t block_count(const ForwardPass& forward) { return forward(1, {}).blocks; }

}  // namespace memsweep
