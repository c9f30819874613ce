#include "harness/program/schedule.h"

#include <utility>

namespace memsweep {
namespace {

constexpr std::size_t kNever = static_cast<std::size_t>(-1);

std::vector<ScheduledInstr> schedule(const Program& program, const std::vector<Instr>& list,
                                     Occasion occasion, bool setup) {
  std::vector<ScheduledInstr> plan;
  plan.reserve(list.size());
  std::vector<std::size_t> last_use(program.buffers.size(), kNever);
  for (const Instr& instr : list) {
    if (!runs(instr, occasion)) continue;
    for (BufferId id : instr.inputs) last_use[id] = plan.size();
    for (BufferId id : instr.outputs) last_use[id] = plan.size();
    plan.push_back({&instr, {}, {}});
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Instr& instr = *plan[i].instr;
    const auto bury = [&](BufferId id) {
      const bool mortal = program.buffers[id].lifetime == Lifetime::until_last_reader;
      if (setup || last_use[id] != i || !(mortal || instr.phase == Phase::del)) return;
      plan[i].deaths.push_back(id);
      last_use[id] = kNever;  // an instruction may name it twice
    };
    for (BufferId id : instr.inputs) bury(id);
    for (BufferId id : instr.outputs) {
      if (!gives_birth(program, instr, id)) continue;
      plan[i].births.push_back(id);
      bury(id);
    }
  }
  return plan;
}

}  // namespace

Schedule::Schedule(Program value) : program(std::move(value)) {
  setup = schedule(program, program.setup, {true, true}, true);
  first_step = schedule(program, program.step, {true, true}, false);
  if (program.overflow) first_update = schedule(program, program.step, {false, true}, false);
  later_steps = schedule(program, program.step, {false, false}, false);
}

}  // namespace memsweep
