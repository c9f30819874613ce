#include "harness/program/passes/offload.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

Program training() {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1), v = b.parameter("v", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.begin_block(x);
  const BufferId hidden = b.apply("hidden", Op::gelu, {b.apply("linear", Op::mm, {x, w}, {0, 1})});
  b.end_block();
  b.cross_entropy(b.apply("out", Op::mm, {hidden, v}, {0, 1}), target);
  Program program = differentiate(std::move(b).finish());
  append_zero_grad(program);
  return program;
}

std::vector<std::string> on_host(const Program& program) {
  std::vector<std::string> names;
  for (const Buffer& buffer : program.buffers) {
    if (buffer.on_host) names.push_back(buffer.name);
  }
  return names;
}

TEST(Offload, MovesWhatBlocksMakeAndTheBackwardPassReads) {
  const Program program = offload(training());
  verify(program);
  EXPECT_EQ(on_host(program), (std::vector<std::string>{"linear.host", "hidden.host"}));
  for (const Instr& instr : program.step) {
    if (instr.phase != Phase::backward || instr.op == Op::transfer) continue;
    for (BufferId id : instr.inputs) {
      const std::string& name = program.buffers[id].name;
      EXPECT_TRUE(name != "linear" && name != "hidden")
          << row_of(instr.op).name << " reads the moved " << name;
    }
  }
}

TEST(Offload, LeavesNothingOfItOnTheDeviceBetweenForwardAndBackward) {
  const Schedule schedule(offload(training()));
  std::vector<std::string> alive;
  for (const ScheduledInstr& scheduled : schedule.later_steps) {
    if (scheduled.instr->phase == Phase::backward) break;
    for (BufferId id : scheduled.births) alive.push_back(schedule.program.buffers[id].name);
    for (BufferId id : scheduled.deaths) std::erase(alive, schedule.program.buffers[id].name);
  }
  EXPECT_EQ(std::count(alive.begin(), alive.end(), "linear"), 0);
  EXPECT_EQ(std::count(alive.begin(), alive.end(), "hidden"), 0);
  EXPECT_EQ(std::count(alive.begin(), alive.end(), "hidden.host"), 1);
}

TEST(Offload, FetchesEachOnce) {
  const Program program = offload(training());
  const auto fetched = std::count_if(program.step.begin(), program.step.end(), [](const Instr& instr) {
    return instr.op == Op::transfer && instr.phase == Phase::backward;
  });
  EXPECT_EQ(fetched, 2);
}

}  // namespace
}  // namespace memsweep
