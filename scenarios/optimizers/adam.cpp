// Adam and AdamW, with AMSGrad's maximum (torch/optim/adam.py).
//
//   Adam: g += wd p;  AdamW: p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
//   p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps), with max(v) over all steps under amsgrad
//
// Transient memory: a copy of all weights (foreach), two of one weight and what is left of the one before
// (for-loop), none (fused). Steps are counted on the host, or on the device by a scalar for each weight
// (fused, capturable).
#include <optional>

#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

/// AdamW has an option more than this that nobody sees: its decay is decoupled.
struct Adam {
  const OptimizerOptions& o;
  bool decoupled;

  [[nodiscard]] double coupled_decay() const { return decoupled ? 0 : o["weight_decay"]; }
};

struct State {
  BufferId m, v;
  std::optional<BufferId> largest_v, step;

  /// What stands under the root.
  [[nodiscard]] BufferId second_moment() const { return largest_v.value_or(v); }
};

/// In the order in which torch.optim makes them.
std::vector<State> make_states(Script& s, const OptimizerOptions& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters) {
    State state{};
    if (o.on("capturable") || o.implementation() == Implementation::fused)
      state.step = s.filled("step", p.weight, {{}, DType::f32}, 0);
    state.m = s.zeros("exp_avg", p.weight);
    state.v = s.zeros("exp_avg_sq", p.weight);
    if (o.on("amsgrad")) state.largest_v = s.zeros("max_exp_avg_sq", p.weight);
    states.push_back(state);
  }
  return states;
}

void update_moments(Script& s, BufferId weight, BufferId gradient, const State& state, const Adam& adam) {
  const auto& o = adam.o;
  if (adam.decoupled && o["weight_decay"] != 0)
    s.update(Op::scale, {weight}, {1 - o["lr"] * o["weight_decay"]});
  s.update(Op::axpby, {state.m, gradient}, {o["beta1"], 1 - o["beta1"]});
  s.update(Op::ema_square, {state.v, gradient}, {o["beta2"]});
}

void keep_largest(Script& s, const State& state) {
  if (state.largest_v) s.update(Op::maximum, {*state.largest_v, state.v});
}

void write_foreach(Script& s, const Adam& adam, const std::vector<State>& states) {
  const auto& o = adam.o;
  List gradients = s.gradients(o.on("maximize"), adam.coupled_decay());
  for (std::size_t i = 0; i < states.size(); ++i)
    update_moments(s, s.parameters[i].weight, gradients[i], states[i], adam);
  gradients.clear();
  List denominators;
  for (const State& state : states) {
    keep_largest(s, state);
    denominators.push_back(s.make(Op::adam_denominator, {state.second_moment()}, {o["beta2"], o["eps"]}));
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    s.update(Op::descend, {s.parameters[i].weight, states[i].m, denominators[i]}, {o["lr"], o["beta1"], 0});
  }
}

/// The corrections are tensors, too, so that a CUDA graph can hold the step.
void write_capturable(Script& s, const Adam& adam, const std::vector<State>& states) {
  const auto& o = adam.o;
  List gradients = s.gradients(o.on("maximize"), adam.coupled_decay());
  for (std::size_t i = 0; i < states.size(); ++i) {
    s.update(Op::add_number, {states[i].step.value()}, {1});
    update_moments(s, s.parameters[i].weight, gradients[i], states[i], adam);
  }
  gradients.clear();
  List step_sizes, root_corrections, denominators;
  for (const State& state : states) {  // -lr / (1 - beta1^t)
    step_sizes.push_back(s.make(Op::power, {*state.step}, {o["beta1"]}));
    s.update(Op::add_number, {step_sizes.back()}, {-1});
    s.update(Op::scale, {step_sizes.back()}, {1 / o["lr"]});
    s.update(Op::reciprocal, {step_sizes.back()});
  }
  for (const State& state : states) {  // sqrt(1 - beta2^t)
    root_corrections.push_back(s.make(Op::power, {*state.step}, {o["beta2"]}));
    s.update(Op::add_number, {root_corrections.back()}, {-1});
    s.update(Op::scale, {root_corrections.back()}, {-1});
    s.update(Op::sqrt, {root_corrections.back()});
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    keep_largest(s, states[i]);
    denominators.push_back(s.make(Op::sqrt, {states[i].second_moment()}));
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    s.update(Op::divide_by, {denominators[i], root_corrections[i]});
    s.update(Op::add_number, {denominators[i]}, {o["eps"]});
    s.update(Op::divide_by, {denominators[i], step_sizes[i]});
    s.update(Op::descend, {s.parameters[i].weight, states[i].m, denominators[i]}, {-1, 0, 0});
  }
}

/// The root is gone before the name is bound to the result.
Held make_denominator(Script& s, BufferId second_moment, const OptimizerOptions& o) {
  return s.make(Op::adam_divisor, {s.make(Op::sqrt, {second_moment})}, {o["beta2"], o["eps"]});
}

void write_for_loop(Script& s, const Adam& adam, const std::vector<State>& states) {
  const auto& o = adam.o;
  Held denominator, gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Parameter& p = s.parameters[i];
    s.next_gradient(gradient, p, o.on("maximize"), adam.coupled_decay());
    update_moments(s, p.weight, gradient, states[i], adam);
    keep_largest(s, states[i]);
    denominator = make_denominator(s, states[i].second_moment(), o);
    s.update(Op::descend, {p.weight, states[i].m, denominator}, {o["lr"], o["beta1"], 0});
  }
}

void write_fused(Script& s, const Adam& adam, const std::vector<State>& states) {
  const auto& o = adam.o;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const State& state = states[i];
    Script::Ids updated{s.parameters[i].weight, state.m, state.v};
    if (state.largest_v) updated.push_back(*state.largest_v);
    Script::Ids inputs = updated;
    inputs.push_back(s.parameters[i].gradient);
    for (auto* list : {&inputs, &updated}) list->push_back(state.step.value());
    s.run(Op::adam_fused, inputs, updated,
          {o["lr"], o["beta1"], o["beta2"], o["eps"], o["weight_decay"], o["amsgrad"],
           adam.decoupled ? 1.0 : 0.0, o["maximize"]});
  }
}

void write(Script& s, const Adam& adam) {
  const std::vector<State> states = make_states(s, adam.o);
  switch (adam.o.implementation()) {
    case Implementation::foreach:
      return adam.o.on("capturable") ? write_capturable(s, adam, states) : write_foreach(s, adam, states);
    case Implementation::for_loop: return write_for_loop(s, adam, states);
    case Implementation::fused: return write_fused(s, adam, states);
  }
}

void write_adam(Script& s, const OptimizerOptions& o) { write(s, {o, false}); }

void write_adamw(Script& s, const OptimizerOptions& o) { write(s, {o, true}); }

std::string refusal(const OptimizerOptions& o) {
  if (!o.on("capturable")) return "";
  if (o.implementation() == Implementation::for_loop)
    return "optimizer option capturable=true is not modelled for implementation=for-loop; foreach and fused "
           "are";
  if (o.implementation() == Implementation::foreach && o["lr"] == 0)
    return "optimizer option capturable=true needs an lr above 0: the step divides by it";
  return "";
}

Optimizer row(std::string_view name, std::string_view summary, double weight_decay,
              void (*write)(Script&, const OptimizerOptions&)) {
  return {name,
          summary,
          {{"lr", 0.01},
           {"beta1", 0.9, Values::from_0_below_1},
           {"beta2", 0.999, Values::from_0_below_1},
           {"eps", 1e-8},
           {"weight_decay", weight_decay},
           {"amsgrad", 0, Values::flag},
           {"maximize", 0, Values::flag},
           {"capturable", 0, Values::flag}},
          {Implementation::foreach, Implementation::for_loop, Implementation::fused},
          write,
          refusal};
}

}  // namespace

std::vector<Optimizer> adam() {
  return {row("adam", "two more copies of the weights, their averaged gradients and squares", 0, write_adam),
          row("adamw", "Adam with decoupled weight decay", 0.01, write_adamw)};
}

}  // namespace memsweep::optimizers_in
