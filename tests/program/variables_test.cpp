#include "harness/program/passes/variables.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

Program step() {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.cross_entropy(b.apply("out", Op::mm, {x, w}, {0, 1}), target);
  Program program = differentiate(std::move(b).finish());
  append_zero_grad(program);
  return program;
}

/// Names of what dies in a later step.
std::vector<std::string> deaths(const Schedule& schedule) {
  std::vector<std::string> names;
  for (const ScheduledInstr& scheduled : schedule.later_steps) {
    for (BufferId id : scheduled.deaths) names.push_back(schedule.program.buffers[id].name);
  }
  return names;
}

std::size_t count(const std::vector<std::string>& names, std::string_view name) {
  return static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
}

TEST(DeleteVariables, EndsThemWithTheStep) {
  Program program = delete_variables(step());
  verify(program);
  const Schedule schedule(std::move(program));
  EXPECT_EQ(schedule.later_steps.back().deaths.size(), 4u);  // x, target, out, loss
  EXPECT_EQ(deaths(Schedule(step())).size() + 4, deaths(schedule).size());
}

TEST(DeleteVariables, LeavesNothingToReadInTheNextStep) {
  Program program = delete_variables(step());
  program.step.insert(program.step.begin(),
                      {.op = Op::release, .phase = Phase::data, .inputs = {program.loss}});
  EXPECT_THROW(verify(program), std::logic_error);
}

TEST(KeepDataResident, MakesTheBatchOnceAndForEver) {
  Program program = keep_data_resident(step());
  verify(program);
  const Schedule schedule(std::move(program));
  EXPECT_EQ(schedule.setup.size(), 3u);  // w, x, target
  EXPECT_EQ(count(deaths(schedule), "x"), 0u);
}

TEST(ListLosses, LetsNoLossDie) {
  Program program = list_losses(step());
  verify(program);
  EXPECT_EQ(program.buffers[program.loss].lifetime, Lifetime::no_value_ever_dies);
  verify(delete_variables(program));
  const Schedule schedule(delete_variables(std::move(program)));
  EXPECT_EQ(count(deaths(schedule), "loss"), 0u);
  EXPECT_EQ(count(deaths(schedule), "out"), 1u);
}

}  // namespace
}  // namespace memsweep
