#include "harness/program/passes/offload.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace memsweep {
namespace {

class Offloading {
 public:
  explicit Offloading(Program program) : program_(std::move(program)), plans_(program_.buffers.size()) {
    for (std::size_t i = 0; i < program_.step.size(); ++i) note(i);
    leaving_.resize(program_.step.size());
    for (BufferId id = 0; id < plans_.size(); ++id) {
      if (moves(id)) leaving_[*plans_[id].last_forward].push_back(id);
    }
  }

  Program run() && {
    std::vector<Instr> step;
    for (std::size_t i = 0; i < program_.step.size(); ++i) {
      if (program_.step[i].phase == Phase::backward) fetch(program_.step[i], step);
      step.push_back(std::move(program_.step[i]));
      for (BufferId id : leaving_[i]) send(id, step);
    }
    program_.step = std::move(step);
    return std::move(program_);
  }

 private:
  struct Plan {
    bool made_in_block = false;
    std::optional<std::size_t> last_forward;  // instruction that names it last
    bool read_backward = false;
    BufferId on_host = 0;
    std::optional<BufferId> again;  // on the device
  };

  [[nodiscard]] bool moves(BufferId id) const {
    if (id >= plans_.size()) return false;  // made by this pass
    const Plan& plan = plans_[id];
    return plan.made_in_block && plan.read_backward &&
           program_.buffers[id].lifetime == Lifetime::until_last_reader;
  }

  void note(std::size_t index) {
    const Instr& instr = program_.step[index];
    if (instr.phase == Phase::forward || instr.phase == Phase::loss) {
      for (BufferId id : instr.inputs) plans_[id].last_forward = index;
      for (BufferId id : instr.outputs) {
        plans_[id].last_forward = index;
        if (instr.block != Instr::kNone) plans_[id].made_in_block = true;
      }
    } else if (instr.phase == Phase::backward && instr.op != Op::release) {
      for (BufferId id : instr.inputs) plans_[id].read_backward = true;
    }
  }

  BufferId copy_of(BufferId id, std::string_view suffix, bool on_host) {
    Buffer copy = program_.buffers[id];
    copy.name += suffix;
    copy.on_host = on_host;
    return add_buffer(program_, std::move(copy));
  }

  void send(BufferId id, std::vector<Instr>& step) {
    const Instr& last = step.back();
    plans_[id].on_host = copy_of(id, ".host", true);
    step.push_back({.op = Op::transfer,
                    .phase = last.phase,
                    .block = last.block,
                    .inputs = {id},
                    .outputs = {plans_[id].on_host}});
  }

  void fetch(Instr& instr, std::vector<Instr>& step) {
    for (BufferId& id : instr.inputs) {
      if (!moves(id)) continue;
      Plan& plan = plans_[id];
      if (!plan.again) {
        plan.again = copy_of(id, ".again", false);
        step.push_back({.op = Op::transfer,
                        .phase = Phase::backward,
                        .block = instr.block,
                        .inputs = {plan.on_host},
                        .outputs = {*plan.again}});
      }
      id = *plan.again;
    }
    for (BufferId& id : instr.outputs) {
      if (moves(id) && plans_[id].again) id = *plans_[id].again;
    }
  }

  Program program_;
  std::vector<Plan> plans_;                     // by buffer of the program as it came
  std::vector<std::vector<BufferId>> leaving_;  // behind each instruction of the step as it came
};

}  // namespace

Program offload(Program program) { return Offloading(std::move(program)).run(); }

}  // namespace memsweep
