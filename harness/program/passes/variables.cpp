#include "harness/program/passes/variables.h"

#include <algorithm>
#include <utility>

#include "harness/base/errors.h"

namespace memsweep {

Program delete_variables(Program program) {
  Instr drop{.op = Op::release, .phase = Phase::del};
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    const Buffer& buffer = program.buffers[id];
    if (buffer.lifetime == Lifetime::until_reassigned && !buffer.variable && id != program.loss)
      drop.inputs.push_back(id);
  }
  if (program.buffers[program.loss].lifetime == Lifetime::until_reassigned) {
    for (BufferId id : program.saved_by_loss) {
      if (program.buffers[id].lifetime == Lifetime::with_loss) drop.inputs.push_back(id);
    }
    drop.inputs.push_back(program.loss);
  }
  program.step.push_back(std::move(drop));
  return program;
}

std::optional<BufferId> floating_input(const Program& forward) {
  const auto& buffers = forward.buffers;
  const auto input = std::find_if(buffers.begin(), buffers.end(), [](const Buffer& buffer) {
    return buffer.category == Category::input && buffer.type.dtype == DType::f32;
  });
  if (input == buffers.end()) return std::nullopt;
  return static_cast<BufferId>(input - buffers.begin());
}

Program require_input_gradient(Program forward) {
  forward.input_requiring_grad = floating_input(forward);
  if (!forward.input_requiring_grad)
    throw UsageError("the input is tokens, and only floating-point inputs can require a gradient");
  return forward;
}

Program keep_data_resident(Program program) {
  std::vector<Instr> step;
  for (Instr& instr : program.step) {
    if (instr.phase != Phase::data) {
      step.push_back(std::move(instr));
    } else if (Buffer& made = program.buffers[instr.outputs.front()]; made.lifetime != Lifetime::for_ever) {
      made.lifetime = Lifetime::for_ever;
      made.variable.reset();
      program.setup.push_back(std::move(instr));
    }
  }
  program.step = std::move(step);
  return program;
}

Program list_losses(Program program) {
  program.buffers[program.loss].lifetime = Lifetime::no_value_ever_dies;
  program.step.push_back({.op = Op::release, .phase = Phase::append, .inputs = {program.loss}});
  return program;
}

}  // namespace memsweep
