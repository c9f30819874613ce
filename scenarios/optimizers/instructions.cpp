#include "scenarios/optimizers/instructions.h"

#include <fmt/format.h>

#include <utility>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

Instr instruction(Op op, std::vector<BufferId> inputs, std::vector<double> attributes, When when) {
  Instr instr{.op = op, .phase = Phase::optimizer, .when = when, .inputs = std::move(inputs)};
  instr.attributes = std::move(attributes);
  return instr;
}

}  // namespace

BufferId append_transient(Program& program, Op op, std::vector<BufferId> inputs,
                          std::vector<double> attributes) {
  const auto name = fmt::format("{}({})", row_of(op).name, program.buffers[inputs[0]].name);
  return append(program, instruction(op, std::move(inputs), std::move(attributes), When::every_step), name,
                Category::temporary)
      .front();
}

void append_update(Program& program, Op op, std::vector<BufferId> inputs, std::vector<double> attributes,
                   When when) {
  const BufferId updated = inputs.front();
  program.step.push_back(instruction(op, std::move(inputs), std::move(attributes), when));
  program.step.back().outputs = {updated};
}

BufferId append_state(Program& program, std::string_view what, BufferId weight, Op op,
                      std::vector<BufferId> inputs) {
  const auto name = fmt::format("{}({})", what, program.buffers[weight].name);
  const BufferId state = append(program, instruction(op, std::move(inputs), {}, When::first_step), name,
                                Category::optimizer_state)
                             .front();
  program.buffers[state].lifetime = Lifetime::for_ever;
  return state;
}

void append_release(Program& program, std::vector<BufferId> inputs) {
  program.step.push_back(instruction(Op::release, std::move(inputs), {}, When::every_step));
}

}  // namespace memsweep
