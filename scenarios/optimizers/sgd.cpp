#include "scenarios/optimizers/sgd.h"

#include "scenarios/optimizers/instructions.h"

namespace memsweep {
namespace {

/// The gradient with the weight's own pull; a fused step adds it where the gradient stands.
BufferId decayed(Program& program, const Parameter& parameter, const OptimizerOptions& o) {
  if (o.weight_decay == 0) return parameter.gradient;
  if (o.implementation == Implementation::fused) {
    append_update(program, Op::axpby, {parameter.gradient, parameter.weight}, {1, o.weight_decay});
    return parameter.gradient;
  }
  return append_transient(program, Op::add_scaled, {parameter.gradient, parameter.weight}, {o.weight_decay});
}

/// The direction of the step.
BufferId accelerated(Program& program, const Parameter& parameter, BufferId gradient,
                     const OptimizerOptions& o) {
  if (o.momentum == 0) return gradient;
  const BufferId velocity = append_state(program, "momentum_buffer", parameter.weight, Op::clone, {gradient});
  append_update(program, Op::axpby, {velocity, gradient}, {o.momentum, 1 - o.dampening}, When::later_steps);
  if (!o.nesterov) return velocity;
  append_update(program, Op::axpby, {gradient, velocity}, {1, o.momentum});
  return gradient;
}

void descend(Program& program, const Parameter& parameter, BufferId direction, const OptimizerOptions& o) {
  append_update(program, Op::axpby, {parameter.weight, direction}, {1, -o.lr});
}

}  // namespace

void append_sgd(Program& program, const OptimizerOptions& o) {
  const auto parameters = program.parameters;
  if (o.implementation == Implementation::for_loop) {
    for (const Parameter& p : parameters)
      descend(program, p, accelerated(program, p, decayed(program, p, o), o), o);
    return;
  }
  std::vector<BufferId> directions;
  for (const Parameter& p : parameters) directions.push_back(decayed(program, p, o));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    directions[i] = accelerated(program, parameters[i], directions[i], o);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) descend(program, parameters[i], directions[i], o);
}

}  // namespace memsweep
