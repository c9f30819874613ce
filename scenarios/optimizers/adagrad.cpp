// Adagrad (torch/optim/adagrad.py). Its state is made when the optimizer is built.
//
//   g += wd p;  s += g^2, from initial_accumulator_value;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) +
//   eps)
//
// Transient memory: two copies of all weights (foreach), one of a weight and of the one before (for-loop).
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

void write_foreach(Script& s, const Script::Ids& sums, const Options& o) {
  List gradients = s.gradients(o.on("maximize"), o["weight_decay"]);
  List roots, steps;
  for (std::size_t i = 0; i < sums.size(); ++i) s.update(Op::add_square, {sums[i], gradients[i]}, {1});
  for (const BufferId sum : sums) roots.push_back(s.make(Op::adam_denominator, {sum}, {0, o["eps"]}));
  const Script::Numbers rate{-o["lr"], o["lr_decay"]};
  for (Held& gradient : gradients) {  // scaled where it stands, if it is a copy already
    if (o.on("maximize") || o["weight_decay"] != 0) {
      s.update(Op::decayed_scale, {gradient}, rate);
    } else {
      gradient = s.make(Op::decayed_scale, {gradient}, rate);
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    s.update(Op::descend, {s.parameters[i].weight, gradients[i], roots[i]}, {-1, 0, 0});
}

void write_for_loop(Script& s, const Script::Ids& sums, const Options& o) {
  Held root, gradient;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Parameter& p = s.parameters[i];
    gradient = p.gradient;
    s.next_gradient(gradient, p, o.on("maximize"), o["weight_decay"]);
    s.update(Op::add_square, {sums[i], gradient}, {1});
    root = s.make(Op::adam_denominator, {sums[i]}, {0, o["eps"]});
    s.update(Op::descend, {p.weight, gradient, root}, {o["lr"], 0, o["lr_decay"]});
  }
}

void write(Script& s, const Options& o) {
  Script::Ids sums;
  for (const Parameter& p : s.parameters)
    sums.push_back(s.built("sum", p.weight, o["initial_accumulator_value"]));
  o.implementation() == Implementation::foreach ? write_foreach(s, sums, o) : write_for_loop(s, sums, o);
}

}  // namespace

std::vector<Optimizer> adagrad() {
  return {{"adagrad",
           "one more copy of the weights, the sum of all squared gradients",
           {{"lr", 0.01},
            {"lr_decay", 0},
            {"weight_decay", 0},
            {"initial_accumulator_value", 0},
            {"eps", 1e-10},
            {"maximize", 0, Values::flag}},
           {Implementation::foreach, Implementation::for_loop},
           write}};
}

}  // namespace memsweep::optimizers_in
