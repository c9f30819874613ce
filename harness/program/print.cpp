#include <fmt/format.h>

#include "harness/program/program.h"

namespace memsweep {
namespace {

std::string names(const Program& program, const std::vector<BufferId>& ids) {
  std::string text;
  for (BufferId id : ids) text += fmt::format("{}{}", text.empty() ? "" : ", ", program.buffers[id].name);
  return text;
}

std::string arguments(const Program& program, const Instr& instr) {
  std::string text = names(program, instr.inputs);
  const auto& labels = row_of(instr.op).attributes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", labels[i], instr.attributes[i]);
  }
  return text;
}

std::string result(const Program& program, const Instr& instr) {
  std::string text;
  for (BufferId id : instr.outputs) {
    const Buffer& buffer = program.buffers[id];
    text += fmt::format("{}{}", text.empty() ? "" : ", ", buffer.name);
    if (gives_birth(program, instr, id))
      text += fmt::format(":{}[{}]", name_of(buffer.type.dtype), to_string(buffer.type.shape));
  }
  return text.empty() ? text : text + " = ";
}

std::string occasion(When when, std::int64_t turn) {
  switch (when) {
    case When::every_step: return "";
    case When::first_step: return "   # first step";
    case When::later_steps: return "   # later steps";
    case When::before_turn: return turn == 0 ? "" : fmt::format("   # before step {}", turn);
    case When::from_turn: return fmt::format("   # from step {} on", turn);
  }
  return "";
}

}  // namespace

std::string print(const Program& program) {
  std::string text;
  for (const auto* list : {&program.setup, &program.step}) {
    for (const Instr& instr : *list) {
      text +=
          fmt::format("{:<10}{}{}({}){}\n", name_of(instr.phase), result(program, instr),
                      row_of(instr.op).name, arguments(program, instr), occasion(instr.when, program.turn));
    }
  }
  return text;
}

}  // namespace memsweep
