#include "harness/program/passes/variables.h"

#include <algorithm>
#include <iterator>

namespace memsweep {

Program delete_variables(Program program) {
  Instr drop{.op = Op::release, .phase = Phase::del};
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    if (program.buffers[id].lifetime != Lifetime::until_reassigned) continue;
    program.buffers[id].lifetime = Lifetime::until_last_reader;
    drop.inputs.push_back(id);
  }
  program.step.push_back(std::move(drop));
  return program;
}

Program keep_data_resident(Program program) {
  const auto rest = std::stable_partition(program.step.begin(), program.step.end(),
                                          [](const Instr& instr) { return instr.phase == Phase::data; });
  for (auto data = program.step.begin(); data != rest; ++data) {
    for (BufferId id : data->outputs) program.buffers[id].lifetime = Lifetime::for_ever;
  }
  program.setup.insert(program.setup.end(), std::make_move_iterator(program.step.begin()),
                       std::make_move_iterator(rest));
  program.step.erase(program.step.begin(), rest);
  return program;
}

}  // namespace memsweep
