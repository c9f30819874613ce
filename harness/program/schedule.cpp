#include "harness/program/schedule.h"

#include <utility>

namespace memsweep {
namespace {

constexpr std::size_t kNever = static_cast<std::size_t>(-1);

std::vector<ScheduledInstr> schedule(const Program& program, const std::vector<Instr>& list,
                                     Occasion occasion, bool setup, std::vector<BufferId>& ids) {
  std::vector<ScheduledInstr> plan;
  plan.reserve(list.size());
  std::size_t room = 0;
  std::vector<std::size_t> last_use(program.buffers.size(), kNever);
  for (const Instr& instr : list) {
    if (!runs(instr, occasion)) continue;
    for (BufferId id : instr.inputs) last_use[id] = plan.size();
    for (BufferId id : instr.outputs) last_use[id] = plan.size();
    plan.push_back({&instr, {}, {}});
    room += instr.inputs.size() + 2 * instr.outputs.size();
  }
  ids.reserve(room);  // so that they stay where they are
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Instr& instr = *plan[i].instr;
    const auto bury = [&](BufferId id) {
      const bool mortal = program.buffers[id].lifetime == Lifetime::until_last_reader;
      if (setup || last_use[id] != i || !(mortal || instr.phase == Phase::del)) return;
      ids.push_back(id);
      last_use[id] = kNever;  // an instruction may name it twice
    };
    const std::size_t begin = ids.size();
    for (BufferId id : instr.outputs) {
      if (gives_birth(program, instr, id)) ids.push_back(id);
    }
    plan[i].births = {ids.data() + begin, ids.size() - begin};
    const std::size_t born = ids.size();
    for (BufferId id : plan[i].births) bury(id);
    for (BufferId id : instr.inputs) bury(id);
    plan[i].deaths = {ids.data() + born, ids.size() - born};
  }
  return plan;
}

}  // namespace

Schedule::Schedule(Program value) : program(std::move(value)) {
  const auto of = [this](const std::vector<Instr>& list, Occasion occasion, bool in_setup) {
    return schedule(program, list, occasion, in_setup, ids_.emplace_back());
  };
  setup = of(program.setup, {true, true, false}, true);
  first_step = of(program.step, {true, true, false}, false);
  if (program.overflow) first_update = of(program.step, {false, true, false}, false);
  later_steps = of(program.step, {false, false, false}, false);
  if (program.turn != 0) turned_steps = of(program.step, {false, false, true}, false);
}

const std::vector<ScheduledInstr>& Schedule::of_step(std::int64_t number, std::int64_t update) const {
  if (number == 1) return first_step;
  if (update == 1) return first_update;
  return program.turn != 0 && update >= program.turn ? turned_steps : later_steps;
}

}  // namespace memsweep
