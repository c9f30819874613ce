// RAdam: Adam that rectifies the variance of its first steps (torch/optim/radam.py).
//
//   g += wd p, or p *= 1 - lr wd if decoupled;  m, v as Adam's;  L = 2 / (1 - b2) - 1;
//   l = L - 2 t b2^t / (1 - b2^t);  r = sqrt((l - 4)(l - 2) L / ((L - 4)(L - 2) l)) from l > 5 on;
//   p -= lr m / (1 - b1^t) * (l > 5 ? r sqrt(1 - b2^t) / (sqrt(v) + eps) : 1)
//
// Transient memory: a copy of all weights (foreach); of one weight two, and four from l > 5 on, beside what
// is left of the one before (for-loop).
#include <cmath>

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

void write_foreach(Script& s, const std::vector<State>& states, const Options& o) {
  List gradients = s.gradients(o.on("maximize"), coupled_decay(o));
  for (std::size_t i = 0; i < states.size(); ++i)
    update_moments(s, s.parameters[i].weight, gradients[i], states[i], o);
  gradients.clear();
  List factors;
  for (const State& state : states)
    factors.push_back(s.make(Op::radam_factor, {state.v}, {o["lr"], o["beta1"], o["beta2"], o["eps"]}));
  for (std::size_t i = 0; i < states.size(); ++i)
    s.update(Op::add_product, {s.parameters[i].weight, states[i].m, factors[i]});
}

/// The first step with l > 5; 0 if there is none.
std::int64_t first_rectified(double beta2) {
  const double longest = 2 / (1 - beta2) - 1;
  if (longest <= 5) return 0;
  for (std::int64_t t = 2;; ++t) {
    const double power = std::pow(beta2, static_cast<double>(t));
    if (longest - 2 * static_cast<double>(t) * power / (1 - power) > 5) return t;
  }
}

Held make_adaptive_rate(Script& s, BufferId v, const Options& o) {
  const Held root = s.make(Op::adam_denominator, {v}, {0, o["eps"]});
  return s.make(Op::radam_scale, {s.make(Op::reciprocal, {root})}, {o["beta2"], 0});
}

Held make_rectified(Script& s, BufferId corrected, BufferId v, const Options& o) {
  Held product = s.make(Op::scale, {corrected}, {o["lr"]});
  product = s.make(Op::multiply, {product, make_adaptive_rate(s, v, o)});
  product = s.make(Op::radam_scale, {product}, {o["beta2"], 1});
  return product;
}

void write_for_loop(Script& s, const std::vector<State>& states, const Options& o) {
  s.turn_at(first_rectified(o["beta2"]));
  Held corrected, gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Parameter& p = s.parameters[i];
    s.next_gradient(gradient, p, o.on("maximize"), coupled_decay(o));
    update_moments(s, p.weight, gradient, states[i], o);
    corrected = s.make(Op::corrected, {states[i].m}, {o["beta1"]});
    s.only(When::before_turn);
    s.update(Op::axpby, {p.weight, s.make(Op::scale, {corrected}, {o["lr"]})}, {1, -1});
    s.only(When::from_turn);
    s.update(Op::axpby, {p.weight, make_rectified(s, corrected, states[i].v, o)}, {1, -1});
    s.only(When::every_step);
  }
}

void write(Script& s, const Options& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters)
    states.push_back({s.zeros("exp_avg", p.weight), s.zeros("exp_avg_sq", p.weight)});
  o.implementation() == Implementation::foreach ? write_foreach(s, states, o) : write_for_loop(s, states, o);
}

}  // namespace

std::vector<Optimizer> radam() {
  return {{"radam",
           "Adam that rectifies its first steps",
           {{"lr", 0.01},
            {"beta1", 0.9, Values::from_0_below_1},
            {"beta2", 0.999, Values::from_0_below_1},
            {"eps", 1e-8},
            {"weight_decay", 0},
            {"decoupled_weight_decay", 0, Values::flag},
            {"maximize", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write}};
}

}  // namespace memsweep::optimizers_in
