// RAdam: Adam that rectifies the variance of its first steps (torch/optim/radam.py).
//
//   g += wd p, or p *= 1 - lr wd if decoupled;  m, v as Adam's;  L = 2 / (1 - b2) - 1;
//   l = L - 2 t b2^t / (1 - b2^t);  r = sqrt((l - 4)(l - 2) L / ((L - 4)(L - 2) l)) from l > 5 on;
//   p -= lr m / (1 - b1^t) * (l > 5 ? r sqrt(1 - b2^t) / (sqrt(v) + eps) : 1)
//
// Transient memory: a copy of all weights. The for-loop's depends on l, from step to step: not modelled.
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct State {
  BufferId m, v;
};

void write(Script& s, const Options& o) {
  const bool decoupled = o.on("decoupled_weight_decay");
  std::vector<State> states;
  for (const Parameter& p : s.parameters)
    states.push_back({s.zeros("exp_avg", p.weight), s.zeros("exp_avg_sq", p.weight)});
  List gradients = s.gradients(o.on("maximize"), decoupled ? 0 : o["weight_decay"]);
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (decoupled && o["weight_decay"] != 0)
      s.update(Op::scale, {s.parameters[i].weight}, {1 - o["lr"] * o["weight_decay"]});
    s.update(Op::axpby, {states[i].m, gradients[i]}, {o["beta1"], 1 - o["beta1"]});
    s.update(Op::ema_square, {states[i].v, gradients[i]}, {o["beta2"]});
  }
  gradients.clear();
  List factors;
  for (const State& state : states) {
    factors.push_back(s.make(Op::radam_factor, {state.v}, {o["lr"], o["beta1"], o["beta2"], o["eps"]}));
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    s.update(Op::add_product, {s.parameters[i].weight, states[i].m, factors[i]});
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
           {Implementation::foreach},
           write}};
}

}  // namespace memsweep::optimizers_in
