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
    const double value = instr.attributes[i];
    const auto shown =
        labels[i] == "type" ? std::string(name_of(static_cast<DType>(value))) : fmt::format("{}", value);
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", labels[i], shown);
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

std::string occasion(const Instr& instr, std::int64_t turn) {
  std::string text;
  if (instr.when == When::first_step) text += "   # first step";
  if (instr.when == When::later_steps) text += "   # later steps";
  if (instr.when == When::before_turn && turn != 0) text += fmt::format("   # before step {}", turn);
  if (instr.when == When::from_turn) text += fmt::format("   # from step {} on", turn);
  if (instr.unless_overflow) text += "   # unless gradients overflow";
  return text;
}

}  // namespace

std::string print(const Program& program) {
  std::string text;
  for (const auto* list : {&program.setup, &program.step}) {
    for (const Instr& instr : *list) {
      text += fmt::format("{:<10}{}{}({}){}\n", name_of(instr.phase), result(program, instr),
                          row_of(instr.op).name, arguments(program, instr), occasion(instr, program.turn));
    }
  }
  return text;
}

}  // namespace memsweep
