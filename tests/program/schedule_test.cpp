#include "harness/program/schedule.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"

namespace memsweep {
namespace {

Program step() {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.cross_entropy(b.apply("gelu", Op::gelu, {b.apply("linear", Op::mm, {x, w}, {0, 1})}), target);
  Program program = differentiate(std::move(b).finish());
  append_zero_grad(program);
  return program;
}

std::vector<BufferId> list(std::span<const BufferId> ids) { return {ids.begin(), ids.end()}; }

/// The op behind which `name` dies in the first step; release where it never does.
Op death_of(const Schedule& schedule, std::string_view name) {
  for (const ScheduledInstr& scheduled : schedule.first_step) {
    for (BufferId id : scheduled.deaths) {
      if (schedule.program.buffers[id].name == name) return scheduled.instr->op;
    }
  }
  return Op::release;
}

TEST(Schedule, LetsAValueDieWithItsLastReader) {
  const Schedule schedule(step());
  EXPECT_EQ(death_of(schedule, "linear"), Op::gelu_backward);  // GELU keeps its operand
  EXPECT_EQ(death_of(schedule, "log_softmax"), Op::log_softmax_backward);
  EXPECT_EQ(death_of(schedule, "grad(gelu)"), Op::gelu_backward);
}

TEST(Schedule, ResultsThatNobodyWantsDieBeforeTheArguments) {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.cross_entropy(b.apply("linear", Op::mm, {x, w}, {0, 1}), target);
  const Schedule schedule(std::move(b).finish());
  const ScheduledInstr& loss = schedule.first_step.back();
  EXPECT_EQ(list(loss.deaths), (std::vector<BufferId>{loss.instr->outputs[1], loss.instr->inputs[0]}));
}

TEST(Schedule, KeepsWhatVariablesHoldAndWhatLivesForEver) {
  const Schedule schedule(step());
  for (const auto& scheduled : schedule.first_step) {
    for (BufferId id : scheduled.deaths) {
      EXPECT_EQ(schedule.program.buffers[id].lifetime, Lifetime::until_last_reader)
          << schedule.program.buffers[id].name;
    }
  }
}

TEST(Schedule, FreesGradientsWhereTheyAreReleased) {
  const Schedule schedule(step());
  const auto& last = schedule.first_step.back();
  ASSERT_EQ(last.instr->op, Op::release);
  EXPECT_EQ(list(last.deaths), std::vector<BufferId>{schedule.program.parameters[0].gradient});
}

TEST(Schedule, GivesEachBufferOneBirthAndAtMostOneDeath) {
  const Schedule schedule(step());
  std::vector<int> births(schedule.program.buffers.size()), deaths = births;
  for (const auto* list : {&schedule.setup, &schedule.first_step}) {
    for (const ScheduledInstr& scheduled : *list) {
      for (BufferId id : scheduled.births) ++births[id];
      for (BufferId id : scheduled.deaths) ++deaths[id];
    }
  }
  EXPECT_TRUE(std::all_of(births.begin(), births.end(), [](int n) { return n == 1; }));
  EXPECT_TRUE(std::all_of(deaths.begin(), deaths.end(), [](int n) { return n <= 1; }));
}

TEST(Schedule, LeavesOutOfEachStepWhatDoesNotRunInIt) {
  Program program = step();
  const BufferId w = program.parameters[0].weight;
  program.step.push_back({.op = Op::scale,
                          .phase = Phase::optimizer,
                          .when = When::first_step,
                          .inputs = {w},
                          .outputs = {w},
                          .attributes = {2}});
  const Schedule schedule(std::move(program));
  EXPECT_EQ(schedule.first_step.size(), schedule.later_steps.size() + 1);
}

TEST(Schedule, ChangesAtTheTurnOfTheProgram) {
  Program program = step();
  const BufferId w = program.parameters[0].weight;
  const std::size_t always = program.step.size();
  for (const When when : {When::before_turn, When::from_turn, When::from_turn}) {
    program.step.push_back({.op = Op::scale,
                            .phase = Phase::optimizer,
                            .when = when,
                            .inputs = {w},
                            .outputs = {w},
                            .attributes = {2}});
  }
  const Schedule never(program);
  for (const std::int64_t number : {1, 2, 6, 1000})
    EXPECT_EQ(never.of_step(number, number).size(), always + 1);
  program.turn = 6;
  const Schedule schedule(std::move(program));
  for (const std::int64_t number : {1, 2, 5}) EXPECT_EQ(schedule.of_step(number, number).size(), always + 1);
  for (const std::int64_t number : {6, 7, 1000})
    EXPECT_EQ(schedule.of_step(number, number).size(), always + 2);
}

}  // namespace
}  // namespace memsweep
