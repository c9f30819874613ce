#include "scenarios/training_step.h"

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/accumulate.h"
#include "harness/program/passes/recompute.h"

namespace memsweep {

Program TrainingStep::operator()(std::int64_t batch) const {
  Program program = differentiate(divide_loss(forward(batch, randomness), micro_batches));
  program = memsweep::recompute(std::move(program), recompute_segments(recompute, program.blocks));
  program = accumulate(std::move(program), micro_batches);
  if (keep_gradients) program = memsweep::keep_gradients(std::move(program));
  if (clip) program = clip_gradients(std::move(program), *clip);
  optimizer.append(program);
  append_zero_grad(program);
  verify(program);
  return program;
}

TrainingStep parse_training_step(const TrainingOptions& options) {
  if (options.precision != "fp32") {
    throw UsageError(fmt::format("there is no precision '{}'; known is: fp32", options.precision));
  }
  return {parse_model(options.model), parse_optimizer(options.optimizer), "none", options.randomness};
}

std::int32_t block_count(const ForwardPass& forward) { return forward(1, {}).blocks; }

}  // namespace memsweep
