#include "harness/program/passes/accumulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memsweep {
namespace {

/// New buffers in place of old ones, by the old one's id.
using Renaming = std::vector<BufferId>;

Renaming no_renaming(const Program& program) {
  Renaming names(program.buffers.size());
  for (BufferId id = 0; id < names.size(); ++id) names[id] = id;
  return names;
}

BufferId add_copy(Program& program, BufferId id, std::string name) {
  Buffer copy = program.buffers[id];
  copy.name = std::move(name);
  copy.lifetime = Lifetime::until_last_reader;
  return add_buffer(program, std::move(copy));
}

void rename(std::vector<BufferId>& ids, const Renaming& names) {
  for (BufferId& id : ids) id = names[id];
}

bool is_gradient(const Program& program, BufferId id) {
  return std::any_of(program.parameters.begin(), program.parameters.end(),
                     [id](const Parameter& parameter) { return parameter.gradient == id; });
}

/// Where `instr` ends a node: what was made in place of a gradient is added to it.
void append_sums(const Program& program, const Instr& instr, const Renaming& names, When when,
                 std::vector<Instr>& step) {
  if (instr.op != Op::release || instr.phase != Phase::backward) return;
  for (BufferId id : instr.inputs) {
    if (!is_gradient(program, id)) continue;
    Instr sum{.op = Op::axpby, .phase = Phase::backward, .when = when, .block = instr.block};
    sum.inputs = {id, names[id]};
    sum.outputs = {id};
    sum.attributes = {1, 1};
    step.push_back(std::move(sum));
  }
}

/// What lives for ever is made once, by the first micro-batch.
bool makes_state(const Program& program, const Instr& instr) {
  return !instr.outputs.empty() && gives_birth(program, instr, instr.outputs.front()) &&
         program.buffers[instr.outputs.front()].lifetime == Lifetime::for_ever;
}

/// Draws the m-th slice of a batch, if it draws at all.
void draw_slice(const Program& program, Instr& instr, int m) {
  const auto& labels = row_of(instr.op).attributes;
  const auto first = std::find(labels.begin(), labels.end(), "first");
  if (first == labels.end()) return;
  const auto elements = program.type(instr.outputs.front()).shape.elements();
  instr.attributes[static_cast<std::size_t>(first - labels.begin())] += static_cast<double>(m * elements);
}

}  // namespace

Program divide_loss(Program forward, int micro_batches) {
  if (micro_batches == 1) return forward;
  Instr divide{.op = Op::scale, .phase = Phase::loss, .inputs = {forward.loss}, .outputs = {forward.loss}};
  divide.attributes = {1.0 / micro_batches};
  forward.step.push_back(std::move(divide));
  return forward;
}

Program accumulate(Program program, int micro_batches) {
  if (micro_batches == 1) return program;
  const std::vector<Instr> one = program.step;
  const Renaming itself = no_renaming(program);
  for (int m = 1; m < micro_batches; ++m) {
    Renaming names = itself;
    for (BufferId id : itself) {
      const Buffer& buffer = program.buffers[id];
      if (buffer.lifetime != Lifetime::until_last_reader) continue;
      names[id] = add_copy(program, id, fmt::format("{}@{}", buffer.name, m));
    }
    for (const Instr& instr : one) {
      if (makes_state(program, instr)) continue;
      Instr again = instr;
      draw_slice(program, again, m);
      rename(again.inputs, names);
      rename(again.outputs, names);
      program.step.push_back(std::move(again));
      append_sums(program, instr, names, instr.when, program.step);
    }
  }
  return program;
}

Program keep_gradients(Program program) {
  Renaming names = no_renaming(program);
  for (const Parameter& parameter : program.parameters) {
    Buffer& kept = program.buffers[parameter.gradient];
    kept.lifetime = Lifetime::for_ever;
    names[parameter.gradient] = add_copy(program, parameter.gradient, fmt::format("new {}", kept.name));
  }
  std::vector<Instr> step;
  for (Instr& instr : program.step) {
    const bool makes_gradient = std::any_of(instr.outputs.begin(), instr.outputs.end(), [&](BufferId id) {
      return names[id] != id && gives_birth(program, instr, id);
    });
    step.push_back(instr);
    append_sums(program, instr, names, When::later_steps, step);
    if (!makes_gradient) continue;
    step.back().when = When::first_step;
    rename(instr.outputs, names);
    instr.when = When::later_steps;
    step.push_back(std::move(instr));
  }
  program.step = std::move(step);
  return program;
}

}  // namespace memsweep
