#include "scenarios/optimizers/adamw.h"

#include <fmt/format.h>

#include <optional>

#include "scenarios/optimizers/instructions.h"

namespace memsweep {
namespace {

struct State {
  BufferId m, v;
  std::optional<BufferId> largest_v;
  std::optional<BufferId> step;  // of the fused kernel

  /// What stands under the root.
  [[nodiscard]] BufferId second_moment() const { return largest_v.value_or(v); }
};

BufferId append_step_count(Program& program, BufferId weight) {
  Buffer count{fmt::format("step({})", program.buffers[weight].name),
               {{}, DType::f32},
               Category::optimizer_state,
               Lifetime::for_ever};
  const BufferId id = add_buffer(program, std::move(count));
  program.step.push_back({.op = Op::fill,
                          .phase = Phase::optimizer,
                          .when = When::first_step,
                          .outputs = {id},
                          .attributes = {0}});
  return id;
}

/// In the order in which torch.optim's AdamW makes it.
State append_states(Program& program, const Parameter& p, const OptimizerOptions& o) {
  State state{};
  if (o.implementation == Implementation::fused) state.step = append_step_count(program, p.weight);
  state.m = append_state(program, "exp_avg", p.weight, Op::zeros_like, {p.weight});
  state.v = append_state(program, "exp_avg_sq", p.weight, Op::zeros_like, {p.weight});
  if (o.amsgrad)
    state.largest_v = append_state(program, "max_exp_avg_sq", p.weight, Op::zeros_like, {p.weight});
  return state;
}

void update_moments(Program& program, const Parameter& p, const State& state, const OptimizerOptions& o) {
  if (o.weight_decay != 0) append_update(program, Op::scale, {p.weight}, {1 - o.lr * o.weight_decay});
  append_update(program, Op::axpby, {state.m, p.gradient}, {o.beta1, 1 - o.beta1});
  append_update(program, Op::ema_square, {state.v, p.gradient}, {o.beta2});
  if (state.largest_v) append_update(program, Op::maximum, {*state.largest_v, state.v});
}

void foreach (Program& program, const std::vector<Parameter>& parameters, const std::vector<State>& states,
              const OptimizerOptions& o) {
  for (std::size_t i = 0; i < parameters.size(); ++i) update_moments(program, parameters[i], states[i], o);
  std::vector<BufferId> denominators;
  for (const State& state : states) {
    denominators.push_back(
        append_transient(program, Op::adam_denominator, {state.second_moment()}, {o.beta2, o.eps}));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    append_update(program, Op::adam_update, {parameters[i].weight, states[i].m, denominators[i]},
                  {o.lr, o.beta1});
  }
}

/// The loop's variable holds the denominator of the weight before until it is assigned again.
void for_loop(Program& program, const std::vector<Parameter>& parameters, const std::vector<State>& states,
              const OptimizerOptions& o) {
  std::optional<BufferId> before;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    update_moments(program, parameters[i], states[i], o);
    const BufferId root = append_transient(program, Op::sqrt, {states[i].second_moment()});
    const BufferId denominator = append_transient(program, Op::adam_divisor, {root}, {o.beta2, o.eps});
    if (before) append_release(program, {*before});
    append_update(program, Op::adam_update, {parameters[i].weight, states[i].m, denominator},
                  {o.lr, o.beta1});
    before = denominator;
  }
  if (before) append_release(program, {*before});
}

void fused(Program& program, const std::vector<Parameter>& parameters, const std::vector<State>& states,
           const OptimizerOptions& o) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [p, s] = std::pair{parameters[i], states[i]};
    Instr instr{.op = Op::adam_fused, .phase = Phase::optimizer, .inputs = {p.weight, s.m, s.v}};
    instr.outputs = instr.inputs;
    for (auto* list : {&instr.inputs, &instr.outputs}) {
      if (s.largest_v) list->push_back(*s.largest_v);
    }
    instr.inputs.push_back(p.gradient);
    for (auto* list : {&instr.inputs, &instr.outputs}) list->push_back(s.step.value());
    instr.attributes = {o.lr, o.beta1, o.beta2, o.eps, o.weight_decay, o.amsgrad ? 1.0 : 0.0};
    program.step.push_back(std::move(instr));
  }
}

}  // namespace

void append_adamw(Program& program, const OptimizerOptions& o) {
  const auto parameters = program.parameters;
  std::vector<State> states;
  for (const Parameter& p : parameters) states.push_back(append_states(program, p, o));
  switch (o.implementation) {
    case Implementation::foreach: return foreach (program, parameters, states, o);
    case Implementation::for_loop: return for_loop(program, parameters, states, o);
    case Implementation::fused: return fused(program, parameters, states, o);
  }
}

}  // namespace memsweep
