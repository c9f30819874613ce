// RMSprop (torch/optim/rmsprop.py).
//
//   g += wd p;  s = alpha s + (1 - alpha) g^2;  a = sqrt(s), or centered: sqrt(s - avg^2) with
//   avg = alpha avg + (1 - alpha) g;  u = g / (a + eps);  p -= lr u, or with momentum: buf = momentum buf +
//   u, p -= lr buf
//
// Transient memory: a copy of all weights (foreach), of one weight and the one before (for-loop).
#include <optional>

#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct State {
  BufferId square;
  std::optional<BufferId> step, momentum, mean;
};

std::vector<State> make_states(Script& s, const Options& o) {
  std::vector<State> states;
  for (const Parameter& p : s.parameters) {
    State state{};
    if (o.on("capturable")) state.step = s.filled("step", p.weight, {{}, DType::f32}, 0);
    state.square = s.zeros("square_avg", p.weight);
    if (o["momentum"] > 0) state.momentum = s.zeros("momentum_buffer", p.weight);
    if (o.on("centered")) state.mean = s.zeros("grad_avg", p.weight);
    states.push_back(state);
  }
  return states;
}

void average(Script& s, const State& state, BufferId gradient, const Options& o) {
  if (state.step) s.update(Op::add_number, {*state.step}, {1});
  s.update(Op::ema_square, {state.square, gradient}, {o["alpha"]});
  if (state.mean) s.update(Op::axpby, {*state.mean, gradient}, {o["alpha"], 1 - o["alpha"]});
}

Held make_denominator(Script& s, const State& state, const Options& o) {
  if (!state.mean) return s.make(Op::adam_denominator, {state.square}, {0, o["eps"]});
  Held variance = s.make(Op::add_square, {state.square, *state.mean}, {-1});
  s.update(Op::adam_denominator, {variance}, {0, o["eps"]});
  return variance;
}

void descend(Script& s, BufferId weight, const State& state, BufferId gradient, BufferId denominator,
             const Options& o) {
  if (!state.momentum) return s.update(Op::descend, {weight, gradient, denominator}, {o["lr"], 0, 0});
  s.update(Op::scale, {*state.momentum}, {o["momentum"]});
  s.update(Op::descend, {*state.momentum, gradient, denominator}, {-1, 0, 0});
  s.update(Op::axpby, {weight, *state.momentum}, {1, -o["lr"]});
}

void write_foreach(Script& s, const std::vector<State>& states, const Options& o) {
  List denominators, gradients;
  gradients = s.gradients(o.on("maximize"), o["weight_decay"]);
  for (std::size_t i = 0; i < states.size(); ++i) average(s, states[i], gradients[i], o);
  for (const State& state : states) denominators.push_back(make_denominator(s, state, o));
  for (std::size_t i = 0; i < states.size(); ++i)
    descend(s, s.parameters[i].weight, states[i], gradients[i], denominators[i], o);
}

void write_for_loop(Script& s, const std::vector<State>& states, const Options& o) {
  Held denominator, gradient;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Parameter& p = s.parameters[i];
    gradient = p.gradient;
    s.next_gradient(gradient, p, o.on("maximize"), o["weight_decay"]);
    average(s, states[i], gradient, o);
    denominator = make_denominator(s, states[i], o);
    descend(s, p.weight, states[i], gradient, denominator, o);
  }
}

void write(Script& s, const Options& o) {
  const std::vector<State> states = make_states(s, o);
  o.implementation() == Implementation::foreach ? write_foreach(s, states, o) : write_for_loop(s, states, o);
}

}  // namespace

std::vector<Optimizer> rmsprop() {
  return {{"rmsprop",
           "one more copy of the weights, averaged squares; one more each with momentum and centered",
           {{"lr", 0.01},
            {"alpha", 0.99},
            {"eps", 1e-8},
            {"weight_decay", 0},
            {"momentum", 0},
            {"centered", 0, Values::flag},
            {"maximize", 0, Values::flag},
            {"capturable", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write}};
}

}  // namespace memsweep::optimizers_in
