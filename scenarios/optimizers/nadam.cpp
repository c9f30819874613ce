// NAdam: Adam with Nesterov's momentum (torch/optim/nadam.py).
//
//   g += wd p, or p *= 1 - lr wd if decoupled;  m, v as Adam's;  mu_t = b1 (1 - 0.96^(t momentum_decay) / 2);
//   M = mu_1 ... mu_t;  d = sqrt(v / (1 - b2^t)) + eps;
//   p -= lr ((1 - mu_t) / (1 - M) g + mu_(t+1) / (1 - M mu_(t+1)) m) / d
//
// Transient memory: as Adam's; changed gradients live to the end of the step, too.
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct State {
  BufferId m, v;
};

double coupled_decay(const Options& o) { return o.on("decoupled_weight_decay") ? 0 : o["weight_decay"]; }

void update_moments(Script& s, BufferId weight, BufferId gradient, const State& state, const Options& o) {
  if (o.on("decoupled_weight_decay") && o["weight_decay"] != 0)
    s.update(Op::scale, {weight}, {1 - o["lr"] * o["weight_decay"]});
  s.update(Op::axpby, {state.m, gradient}, {o["beta1"], 1 - o["beta1"]});
  s.update(Op::ema_square, {state.v, gradient}, {o["beta2"]});
}

void descend(Script& s, BufferId weight, BufferId gradient, BufferId m, BufferId denominator,
             const Options& o) {
  s.update(Op::nadam_step, {weight, gradient, denominator}, {o["lr"], o["beta1"], o["momentum_decay"], 0});
  s.update(Op::nadam_step, {weight, m, denominator}, {o["lr"], o["beta1"], o["momentum_decay"], 1});
}

void write_foreach(Script& s, const std::vector<State>& states, const Options& o) {
  List denominators, gradients;
  gradients = s.gradients(o.on("maximize"), coupled_decay(o));
  for (std::size_t i = 0; i < states.size(); ++i)
    update_moments(s, s.parameters[i].weight, gradients[i], states[i], o);
  for (const State& state : states)
    denominators.push_back(s.make(Op::adam_denominator, {state.v}, {o["beta2"], o["eps"]}));
  for (std::size_t i = 0; i < states.size(); ++i)
    descend(s, s.parameters[i].weight, gradients[i], states[i].m, denominators[i], o);
}

/// The root is gone before the name is bound to the result.
Held make_denominator(Script& s, BufferId v, const Options& o) {
  return s.make(Op::adam_divisor, {s.make(Op::sqrt, {v})}, {o["beta2"], o["eps"]});
}

void write_for_loop(Script& s, const std::vector<State>& states, const Options& o) {
  Held denominator, gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Parameter& p = s.parameters[i];
    s.next_gradient(gradient, p, o.on("maximize"), coupled_decay(o));
    update_moments(s, p.weight, gradient, states[i], o);
    denominator = make_denominator(s, states[i].v, o);
    descend(s, p.weight, gradient, states[i].m, denominator, o);
  }
}

void write(Script& s, const Options& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters)
    states.push_back({s.zeros("exp_avg", p.weight), s.zeros("exp_avg_sq", p.weight)});
  o.implementation() == Implementation::foreach ? write_foreach(s, states, o) : write_for_loop(s, states, o);
}

}  // namespace

std::vector<Optimizer> nadam() {
  return {{"nadam",
           "Adam with Nesterov's momentum",
           {{"lr", 0.01},
            {"beta1", 0.9, Values::from_0_below_1},
            {"beta2", 0.999, Values::from_0_below_1},
            {"eps", 1e-8},
            {"weight_decay", 0},
            {"momentum_decay", 0.004},
            {"decoupled_weight_decay", 0, Values::flag},
            {"maximize", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write}};
}

}  // namespace memsweep::optimizers_in
