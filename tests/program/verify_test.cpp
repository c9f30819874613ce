// verify() is what stands between a wrong pass and a wrong result: each kind of error is made here once.

#include <functional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"

namespace memsweep {
namespace {

Program sound() {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.cross_entropy(b.apply("out", Op::relu, {b.apply("h", Op::mm, {x, w}, {0, 1})}), target);
  Program program = differentiate(std::move(b).finish());
  append_zero_grad(program);
  return program;
}

/// The sentence that verify() throws; empty if it finds nothing.
std::string complaint(const Program& program) {
  try {
    verify(program);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

Instr& first(Program& program, Op op) {
  for (Instr& instr : program.step) {
    if (instr.op == op) return instr;
  }
  throw std::out_of_range("no such op");
}

TEST(Verify, AcceptsASoundProgram) { EXPECT_EQ(complaint(sound()), ""); }

TEST(Verify, FindsAValueReadBeforeItIsMade) {
  Program program = sound();
  std::swap(first(program, Op::mm), first(program, Op::relu));
  EXPECT_NE(complaint(program).find("read before it has a value"), std::string::npos);
}

TEST(Verify, FindsAValueMadeTwice) {
  Program program = sound();
  program.step.insert(program.step.begin() + 3, first(program, Op::mm));
  EXPECT_NE(complaint(program).find("made twice"), std::string::npos);
}

TEST(Verify, FindsAResultOfTheWrongShape) {
  Program program = sound();
  program.buffers[first(program, Op::relu).outputs[0]].type.shape = {4, 3};
  EXPECT_NE(complaint(program).find("wrong type"), std::string::npos);
}

TEST(Verify, FindsOperandsThatDoNotFitTogether) {
  Program program = sound();
  first(program, Op::mm).attributes = {1, 1};
  EXPECT_NE(complaint(program).find("does not fit"), std::string::npos);
}

TEST(Verify, FindsMissingOperandsAndAttributes) {
  Program program = sound();
  first(program, Op::mm).inputs.pop_back();
  EXPECT_NE(complaint(program).find("number of operands"), std::string::npos);
  program = sound();
  first(program, Op::mm).attributes.clear();
  EXPECT_NE(complaint(program).find("number of attributes"), std::string::npos);
}

TEST(Verify, FindsABufferThatDoesNotExist) {
  Program program = sound();
  first(program, Op::mm).inputs[0] = 10'000;
  EXPECT_NE(complaint(program).find("does not exist"), std::string::npos);
}

TEST(Verify, FindsStateOfTheFirstStepThatLaterStepsLack) {
  Program program = sound();
  const BufferId state = add_buffer(program, {"state", program.type(program.parameters[0].weight),
                                              Category::optimizer_state, Lifetime::until_last_reader});
  const BufferId weight = program.parameters[0].weight;
  Instr make{.op = Op::clone,
             .phase = Phase::optimizer,
             .when = When::first_step,
             .inputs = {weight},
             .outputs = {state}};
  Instr use{.op = Op::maximum, .phase = Phase::optimizer, .inputs = {state, weight}, .outputs = {state}};
  program.step.push_back(make);
  program.step.push_back(use);
  EXPECT_NE(complaint(program).find("read before it has a value"), std::string::npos);
  program.buffers[state].lifetime = Lifetime::for_ever;
  EXPECT_EQ(complaint(program), "");
}

}  // namespace
}  // namespace memsweep
