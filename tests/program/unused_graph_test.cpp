#include "harness/program/passes/unused_graph.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/passes/variables.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

Program forward() {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1), v = b.parameter("v", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  const BufferId hidden = b.apply("hidden", Op::relu, {b.apply("linear", Op::mm, {x, w}, {0, 1})});
  b.cross_entropy(b.apply("out", Op::mm, {hidden, v}, {0, 1}), target);
  return std::move(b).finish();
}

std::vector<std::string> saved_by(const Program& program) {
  std::vector<std::string> names;
  for (BufferId id : program.saved_by_loss) names.push_back(program.buffers[id].name);
  return names;
}

TEST(KeepGraph, HoldsWhatABackwardPassWouldReadInItsOrder) {
  const Program program = keep_graph(forward());
  verify(program);
  EXPECT_EQ(saved_by(program), (std::vector<std::string>{"target", "loss.1", "log_softmax", "hidden", "x"}));
  EXPECT_EQ(saved_by(keep_graph(forward(), true)),
            (std::vector<std::string>{"loss.1", "target", "log_softmax", "hidden", "x"}));
}

TEST(KeepGraph, LetsNothingOfItDieWithinAStep) {
  const Schedule schedule(keep_graph(forward()));
  for (const ScheduledInstr& scheduled : schedule.later_steps) {
    for (BufferId id : scheduled.deaths) EXPECT_EQ(schedule.program.buffers[id].name, "linear");
  }
}

TEST(KeepGraph, EndsWithItsLossWhereThatIsDeleted) {
  const Program program = delete_variables(keep_graph(forward()));
  verify(program);
  const auto& dropped = program.step.back().inputs;
  EXPECT_EQ(dropped.back(), program.loss);
  for (BufferId id : program.saved_by_loss) EXPECT_EQ(std::count(dropped.begin(), dropped.end(), id), 1);
}

}  // namespace
}  // namespace memsweep
