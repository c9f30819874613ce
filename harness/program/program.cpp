#include "harness/program/program.h"

#include <algorithm>

namespace memsweep {

std::string_view name_of(Category category) {
  switch (category) {
    case Category::weight: return "weights";
    case Category::gradient: return "gradients";
    case Category::optimizer_state: return "optimizer state";
    case Category::activation: return "activations";
    case Category::input: return "inputs";
    case Category::workspace: return "workspace";
    case Category::temporary: return "temporaries";
  }
  return "?";
}

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::setup: return "setup";
    case Phase::data: return "data";
    case Phase::forward: return "forward";
    case Phase::loss: return "loss";
    case Phase::backward: return "backward";
    case Phase::recompute: return "recompute";
    case Phase::clip: return "clip";
    case Phase::optimizer: return "optimizer";
    case Phase::zero_grad: return "zero_grad";
    case Phase::append: return "append";
    case Phase::del: return "del";
  }
  return "?";
}

bool runs(const Instr& instr, Occasion occasion) {
  const bool first = instr.unless_overflow ? occasion.first_update : occasion.first_step;
  switch (instr.when) {
    case When::every_step: return true;
    case When::first_step: return first;
    case When::later_steps: return !first;
    case When::before_turn: return !occasion.turned;
    case When::from_turn: return occasion.turned;
  }
  return false;
}

BufferId add_buffer(Program& program, Buffer buffer) {
  program.buffers.push_back(std::move(buffer));
  return static_cast<BufferId>(program.buffers.size() - 1);
}

bool is_variable(const Buffer& buffer) {
  return buffer.lifetime == Lifetime::until_reassigned || buffer.lifetime == Lifetime::no_value_ever_dies ||
         buffer.lifetime == Lifetime::with_loss;
}

BufferId place_of(const Program& program, BufferId id) { return program.buffers[id].variable.value_or(id); }

bool gives_birth(const Program& program, const Instr& instr, BufferId id) {
  return is_variable(program.buffers[id]) ||
         std::find(instr.inputs.begin(), instr.inputs.end(), id) == instr.inputs.end();
}

std::vector<TensorType> types_of(const Program& program, const std::vector<BufferId>& ids) {
  std::vector<TensorType> types;
  types.reserve(ids.size());
  for (BufferId id : ids) types.push_back(program.type(id));
  return types;
}

}  // namespace memsweep
