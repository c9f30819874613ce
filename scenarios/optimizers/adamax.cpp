// Adamax: Adam with the largest magnitude in place of the squares (torch/optim/adamax.py).
//
//   g += wd p;  m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);  p -= lr / (1 - b1^t) m / u
//
// Transient memory: a copy of all gradients (foreach) or of one (for-loop), which becomes their magnitudes.
#include <optional>

#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct State {
  BufferId m, u;
  std::optional<BufferId> step;
};

std::vector<State> make_states(Script& s, const Options& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters) {
    State state{};
    if (o.on("capturable")) state.step = s.filled("step", p.weight, {{}, DType::f32}, 0);
    state.m = s.zeros("exp_avg", p.weight);
    state.u = s.zeros("exp_inf", p.weight);
    states.push_back(state);
  }
  return states;
}

void descend(Script& s, const std::vector<State>& states, const Options& o) {
  for (std::size_t i = 0; i < states.size(); ++i)
    s.update(Op::descend, {s.parameters[i].weight, states[i].m, states[i].u}, {o["lr"], o["beta1"], 0});
}

/// The corrections are tensors, too, so that a CUDA graph can hold the step.
void descend_capturable(Script& s, const std::vector<State>& states, const Options& o) {
  List corrections, denominators;
  for (const State& state : states) {
    corrections.push_back(s.make(Op::power, {state.step.value()}, {o["beta1"]}));
    s.update(Op::add_number, {corrections.back()}, {-1});
    s.update(Op::scale, {corrections.back()}, {1 / o["lr"]});
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    denominators.push_back(s.make(Op::scale_by, {states[i].u, corrections[i]}));
  for (std::size_t i = 0; i < states.size(); ++i)
    s.update(Op::descend, {s.parameters[i].weight, states[i].m, denominators[i]}, {-1, 0, 0});
}

void write_foreach(Script& s, const std::vector<State>& states, const Options& o) {
  List gradients = s.gradients(o.on("maximize"), o["weight_decay"]);
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i].step) s.update(Op::add_number, {*states[i].step}, {1});
    s.update(Op::axpby, {states[i].m, gradients[i]}, {o["beta1"], 1 - o["beta1"]});
    s.update(Op::scale, {states[i].u}, {o["beta2"]});
  }
  for (Held& gradient : gradients) {  // changed where it stands, if it is a copy already
    if (o.on("maximize") || o["weight_decay"] != 0) {
      s.update(Op::magnitude, {gradient}, {o["eps"]});
    } else {
      gradient = s.make(Op::magnitude, {gradient}, {o["eps"]});
    }
  }
  for (std::size_t i = 0; i < states.size(); ++i) s.update(Op::maximum, {states[i].u, gradients[i]});
  o.on("capturable") ? descend_capturable(s, states, o) : descend(s, states, o);
}

void write_for_loop(Script& s, const std::vector<State>& states, const Options& o) {
  Held gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto& [weight, original] = s.parameters[i];
    gradient = original;
    s.next_gradient(gradient, s.parameters[i], o.on("maximize"), o["weight_decay"]);
    s.update(Op::axpby, {states[i].m, gradient}, {o["beta1"], 1 - o["beta1"]});
    s.update(Op::scale, {states[i].u}, {o["beta2"]});
    s.update(Op::maximum, {states[i].u, s.make(Op::magnitude, {gradient}, {o["eps"]})});
    s.update(Op::descend, {weight, states[i].m, states[i].u}, {o["lr"], o["beta1"], 0});
  }
}

void write(Script& s, const Options& o) {
  const std::vector<State> states = make_states(s, o);
  o.implementation() == Implementation::foreach ? write_foreach(s, states, o) : write_for_loop(s, states, o);
}

std::string refusal(const Options& o) {
  if (!o.on("capturable")) return "";
  if (o.implementation() == Implementation::for_loop)
    return "optimizer option capturable=true is not modelled for implementation=for-loop; foreach is";
  if (o["lr"] == 0) return "optimizer option capturable=true needs an lr above 0: the step divides by it";
  return "";
}

}  // namespace

std::vector<Optimizer> adamax() {
  return {{"adamax",
           "Adam with the largest magnitude in place of the squares",
           {{"lr", 0.01},
            {"beta1", 0.9, Values::from_0_below_1},
            {"beta2", 0.999, Values::from_0_below_1},
            {"eps", 1e-8},
            {"weight_decay", 0},
            {"maximize", 0, Values::flag},
            {"capturable", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write,
           refusal}};
}

}  // namespace memsweep::optimizers_in
