// Adadelta (torch/optim/adadelta.py).
//
//   g += wd p;  s = rho s + (1 - rho) g^2;  u = sqrt(a + eps) / sqrt(s + eps) g;  a = rho a + (1 - rho) u^2;
//   p -= lr u
//
// Transient memory: two copies of all weights (foreach), two of one and of the one before (for-loop).
#include <optional>

#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct State {
  BufferId square, delta;
  std::optional<BufferId> step;
};

std::vector<State> make_states(Script& s, const Options& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters) {
    State state{};
    if (o.on("capturable")) state.step = s.filled("step", p.weight, {{}, DType::f32}, 0);
    state.square = s.zeros("square_avg", p.weight);
    state.delta = s.zeros("acc_delta", p.weight);
    states.push_back(state);
  }
  return states;
}

void average(Script& s, const State& state, BufferId gradient, const Options& o) {
  if (state.step) s.update(Op::add_number, {*state.step}, {1});
  s.update(Op::ema_square, {state.square, gradient}, {o["rho"]});
}

/// Turns the root of past deltas into this one.
void descend(Script& s, const Parameter& p, const State& state, BufferId delta, BufferId root,
             BufferId gradient, const Options& o) {
  s.update(Op::rescale, {delta, root, gradient});
  s.update(Op::ema_square, {state.delta, delta}, {o["rho"]});
  s.update(Op::axpby, {p.weight, delta}, {1, -o["lr"]});
}

void write_foreach(Script& s, const std::vector<State>& states, const Options& o) {
  List deltas, roots, gradients;
  gradients = s.gradients(o.on("maximize"), o["weight_decay"]);
  for (std::size_t i = 0; i < states.size(); ++i) average(s, states[i], gradients[i], o);
  for (const State& state : states) roots.push_back(s.make(Op::sqrt_sum, {state.square}, {o["eps"]}));
  for (const State& state : states) deltas.push_back(s.make(Op::sqrt_sum, {state.delta}, {o["eps"]}));
  for (std::size_t i = 0; i < states.size(); ++i)
    descend(s, s.parameters[i], states[i], deltas[i], roots[i], gradients[i], o);
}

void write_for_loop(Script& s, const std::vector<State>& states, const Options& o) {
  Held delta, root, gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Parameter& p = s.parameters[i];
    gradient = p.gradient;
    s.next_gradient(gradient, p, o.on("maximize"), o["weight_decay"]);
    average(s, states[i], gradient, o);
    root = s.make(Op::sqrt_sum, {states[i].square}, {o["eps"]});
    delta = s.make(Op::sqrt_sum, {states[i].delta}, {o["eps"]});
    descend(s, p, states[i], delta, root, gradient, o);
  }
}

void write(Script& s, const Options& o) {
  const std::vector<State> states = make_states(s, o);
  o.implementation() == Implementation::foreach ? write_foreach(s, states, o) : write_for_loop(s, states, o);
}

}  // namespace

std::vector<Optimizer> adadelta() {
  return {{"adadelta",
           "two more copies of the weights, averaged squares of gradients and of steps",
           {{"lr", 1},
            {"rho", 0.9, Values::from_0_to_1},
            {"eps", 1e-6},
            {"weight_decay", 0},
            {"maximize", 0, Values::flag},
            {"capturable", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write}};
}

}  // namespace memsweep::optimizers_in
