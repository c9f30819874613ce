// Lion (arXiv 2302.06675, Algorithm 2). torch.optim has none: written as it would write it.
//
//   u = sign(b1 m + (1 - b1) g);  p -= lr (u + wd p);  m = b2 m + (1 - b2) g
//
// Transient memory: a copy of all weights (foreach), of one weight and the one before (for-loop), none
// (fused).
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

void descend(Script& s, const Parameter& p, BufferId m, BufferId direction, const Options& o) {
  s.update(Op::axpby, {p.weight, direction}, {1 - o["lr"] * o["weight_decay"], -o["lr"]});
  s.update(Op::axpby, {m, p.gradient}, {o["beta2"], 1 - o["beta2"]});
}

void write_foreach(Script& s, const Script::Ids& momenta, const Options& o) {
  List directions;
  for (std::size_t i = 0; i < momenta.size(); ++i)
    directions.push_back(s.make(Op::lion_direction, {momenta[i], s.parameters[i].gradient}, {o["beta1"]}));
  for (std::size_t i = 0; i < momenta.size(); ++i) descend(s, s.parameters[i], momenta[i], directions[i], o);
}

void write_for_loop(Script& s, const Script::Ids& momenta, const Options& o) {
  Held direction;
  for (std::size_t i = 0; i < momenta.size(); ++i) {
    direction = s.make(Op::lion_direction, {momenta[i], s.parameters[i].gradient}, {o["beta1"]});
    descend(s, s.parameters[i], momenta[i], direction, o);
  }
}

void write_fused(Script& s, const Script::Ids& momenta, const Options& o) {
  for (std::size_t i = 0; i < momenta.size(); ++i) {
    const auto& [weight, gradient] = s.parameters[i];
    s.run(Op::lion_fused, {weight, momenta[i], gradient}, {weight, momenta[i]},
          {o["lr"], o["beta1"], o["beta2"], o["weight_decay"]});
  }
}

void write(Script& s, const Options& o) {
  Script::Ids momenta;
  for (const Parameter& p : s.parameters) momenta.push_back(s.zeros("exp_avg", p.weight));
  switch (o.implementation()) {
    case Implementation::foreach: return write_foreach(s, momenta, o);
    case Implementation::for_loop: return write_for_loop(s, momenta, o);
    case Implementation::fused: return write_fused(s, momenta, o);
  }
}

}  // namespace

std::vector<Optimizer> lion() {
  return {{"lion",
           "steps of the sign of momentum: one more copy of the weights",
           {{"lr", 0.01},
            {"beta1", 0.9, Values::from_0_below_1},
            {"beta2", 0.99, Values::from_0_below_1},
            {"weight_decay", 0}},
           {Implementation::foreach, Implementation::for_loop, Implementation::fused},
           write}};
}

}  // namespace memsweep::optimizers_in
