// Stochastic gradient descent, with momentum, Nesterov's too, and coupled weight decay (torch/optim/sgd.py).
//
//   g += wd p;  buf = first step ? g : momentum buf + (1 - dampening) g;  p -= lr (nesterov ? g + momentum
//   buf : buf)
//
// Transient memory: a copy of all gradients where they are changed (foreach), of one at a time (for-loop),
// none (fused).
#include <fmt/format.h>

#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

BufferId accelerate(Script& s, const Parameter& p, BufferId gradient, const Options& o) {
  const BufferId buffer = s.state("momentum_buffer", p.weight, Op::clone, {gradient});
  s.update(Op::axpby, {buffer, gradient}, {o["momentum"], 1 - o["dampening"]}, When::later_steps);
  return buffer;
}

void descend(Script& s, const Parameter& p, BufferId direction, const Options& o) {
  s.update(Op::axpby, {p.weight, direction}, {1, -o["lr"]});
}

void write_foreach(Script& s, const Options& o) {
  List directions = s.gradients(o.on("maximize"), o["weight_decay"]);
  if (o["momentum"] != 0) {
    List buffers;
    for (std::size_t i = 0; i < directions.size(); ++i) {
      buffers.push_back(accelerate(s, s.parameters[i], directions[i], o));
      if (o.on("nesterov")) s.update(Op::axpby, {directions[i], buffers[i]}, {1, o["momentum"]});
    }
    if (!o.on("nesterov")) directions = buffers;
  }
  for (std::size_t i = 0; i < directions.size(); ++i) descend(s, s.parameters[i], directions[i], o);
}

void write_for_loop(Script& s, const Options& o) {
  Held gradient;
  for (const Parameter& p : s.parameters) {
    s.next_gradient(gradient, p, o.on("maximize"), o["weight_decay"]);
    if (o["momentum"] != 0) {
      const BufferId buffer = accelerate(s, p, gradient, o);
      gradient =
          o.on("nesterov") ? s.make(Op::add_scaled, {gradient, buffer}, {o["momentum"]}) : Held(buffer);
    }
    descend(s, p, gradient, o);
  }
}

void write_fused(Script& s, const Options& o) {
  const Script::Numbers numbers{o["lr"],       o["momentum"],     o["dampening"],
                                o["nesterov"], o["weight_decay"], o["maximize"]};
  for (const auto& [weight, gradient] : s.parameters) {
    if (o["momentum"] == 0) {
      s.run(Op::sgd_fused, {weight, gradient}, {weight}, numbers);
      continue;
    }
    const BufferId buffer = s.unborn("momentum_buffer", weight, {s.shape(weight), s.dtype(weight)});
    s.run(Op::sgd_fused, {weight, gradient}, {weight, buffer}, numbers, When::first_step);
    s.run(Op::sgd_fused, {weight, gradient, buffer}, {weight, buffer}, numbers, When::later_steps);
  }
}

void write(Script& s, const Options& o) {
  switch (o.implementation()) {
    case Implementation::foreach: return write_foreach(s, o);
    case Implementation::for_loop: return write_for_loop(s, o);
    case Implementation::fused: return write_fused(s, o);
  }
}

std::string refusal(const Options& o) {
  if (!o.on("nesterov") || (o["momentum"] > 0 && o["dampening"] == 0)) return "";
  return "optimizer option nesterov=true needs a momentum above 0 and a dampening of 0";
}

Optimizer row(std::string_view name, std::string_view summary, double momentum) {
  return {name,
          summary,
          {{"lr", 0.01},
           {"momentum", momentum},
           {"dampening", 0},
           {"weight_decay", 0},
           {"nesterov", 0, Values::flag},
           {"maximize", 0, Values::flag}},
          {Implementation::foreach, Implementation::for_loop, Implementation::fused},
          write,
          refusal};
}

}  // namespace

std::vector<Optimizer> sgd() {
  return {row("sgd", "plain gradient descent, no state", 0),
          row("momentum", "SGD with momentum 0.9: one more copy of the weights", 0.9)};
}

}  // namespace memsweep::optimizers_in
