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
    for (BufferId id : instr.outputs) {
      if (!gives_birth(program, instr, id)) continue;
      plan[i].births.push_back(id);
      bury(id);
    }
    for (BufferId id : instr.inputs) bury(id);
  }
  return plan;
}

}  // namespace

Schedule::Schedule(Program value) : program(std::move(value)) {
  setup = schedule(program, program.setup, {true, true, false}, true);
  first_step = schedule(program, program.step, {true, true, false}, false);
  if (program.overflow) first_update = schedule(program, program.step, {false, true, false}, false);
  later_steps = schedule(program, program.step, {false, false, false}, false);
  if (program.turn != 0) turned_steps = schedule(program, program.step, {false, false, true}, false);
}

const std::vector<ScheduledInstr>& Schedule::of_step(std::int64_t number, std::int64_t update) const {
  if (number == 1) return first_step;
  if (update == 1) return first_update;
  return program.turn != 0 && update >= program.turn ? turned_steps : later_steps;
}

}  // namespace memsweep
