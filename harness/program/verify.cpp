#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {
namespace {

[[noreturn]] void fail(const Program& program, const Instr& instr, std::string_view what) {
  std::string outputs;
  for (BufferId id : instr.outputs) {
    outputs += id < program.buffers.size() ? program.buffers[id].name + " " : "? ";
  }
  throw std::logic_error(fmt::format("{}= {}: {}", outputs, row_of(instr.op).name, what));
}

/// Whether buffers are of these types.
bool are_of(const std::vector<TensorType>& types, const Program& program, const std::vector<BufferId>& ids) {
  return std::ranges::equal(ids, types, {},
                            [&](BufferId id) -> const TensorType& { return program.type(id); });
}

/// `types` is room for those of the operands.
void check_shape_of(const Program& program, const Instr& instr, std::vector<TensorType>& types) {
  const OpRow& row = row_of(instr.op);
  const auto fits = [](int wanted, std::size_t got) {
    return wanted < 0 || static_cast<std::size_t>(wanted) == got;
  };
  if (!fits(row.inputs, instr.inputs.size())) fail(program, instr, "wrong number of operands");
  if (!fits(row.outputs, instr.outputs.size())) fail(program, instr, "wrong number of results");
  if (row.attributes.size() != instr.attributes.size()) fail(program, instr, "wrong number of attributes");
  for (const auto* ids : {&instr.inputs, &instr.outputs}) {
    for (BufferId id : *ids) {
      if (id >= program.buffers.size()) fail(program, instr, "an operand that does not exist");
    }
  }
  if (row.infer == nullptr) return;
  std::vector<TensorType> inferred;
  try {
    types.clear();
    for (BufferId id : instr.inputs) types.push_back(program.type(id));
    inferred = row.infer(types, instr.attributes);
  } catch (const std::invalid_argument& error) {
    fail(program, instr, error.what());
  }
  if (!are_of(inferred, program, instr.outputs)) fail(program, instr, "a result of the wrong type");
}

/// Runs one list and keeps book of what has a value. `alive` is updated.
void check_order(const Program& program, const std::vector<Instr>& list, Occasion occasion,
                 std::vector<bool>& alive, bool overflow = false) {
  std::vector<bool> born(program.buffers.size(), false);
  for (const Instr& instr : list) {
    if (!runs(instr, occasion) || (overflow && instr.unless_overflow)) continue;
    for (BufferId id : instr.inputs) {
      if (!alive[id])
        fail(program, instr, fmt::format("{} is read before it has a value", program.buffers[id].name));
    }
    for (BufferId id : instr.outputs) {
      if (!gives_birth(program, instr, id)) continue;
      if ((born[id] || alive[id]) && !is_variable(program.buffers[id])) {
        fail(program, instr, fmt::format("{} is made twice", program.buffers[id].name));
      }
      born[id] = alive[id] = true;
    }
    if (instr.phase != Phase::del) continue;
    for (BufferId id : instr.inputs) alive[id] = false;
  }
}

/// What does not outlive a step has no value at the start of the next one.
void end_step(const Program& program, std::vector<bool>& alive) {
  for (BufferId id = 0; id < alive.size(); ++id) {
    if (program.buffers[id].lifetime == Lifetime::until_last_reader) alive[id] = false;
  }
}

}  // namespace

void verify(const Program& program) {
  std::vector<TensorType> types;
  for (const auto* list : {&program.setup, &program.step}) {
    for (const Instr& instr : *list) {
      check_shape_of(program, instr, types);
      if (instr.unless_overflow && !program.overflow) fail(program, instr, "nothing tells of an overflow");
    }
  }
  std::vector<bool> alive(program.buffers.size(), false);
  constexpr Occasion kFirst{true, true, false}, kFirstUpdate{false, true, false}, kLater{false, false, false},
      kTurned{false, false, true};
  check_order(program, program.setup, kFirst, alive);
  if (program.overflow) {
    std::vector<bool> skipped = alive;
    check_order(program, program.step, kFirst, skipped, true);
    end_step(program, skipped);
    check_order(program, program.step, kFirstUpdate, skipped);
  }
  check_order(program, program.step, kFirst, alive);
  end_step(program, alive);
  check_order(program, program.step, kLater, alive);
  if (program.turn == 0) return;
  end_step(program, alive);
  check_order(program, program.step, kTurned, alive);
}

}  // namespace memsweep
