#include "harness/program/passes/recompute.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

/// `depth` blocks of linear and an activation, and a head.
Program chain(int depth, Op activation) {
  Builder b({});
  std::vector<BufferId> weights;
  for (int i = 0; i <= depth; ++i) weights.push_back(b.parameter(std::to_string(i), {8, 8}, 1));
  BufferId value = b.input("x", {2, 8}, 1);
  const BufferId target = b.target("target", {2}, 8);
  for (int i = 0; i < depth; ++i) {
    b.begin_block(value);
    value = b.apply("linear", Op::mm, {value, weights[static_cast<std::size_t>(i)]}, {0, 1});
    value = b.apply("activation", activation, {value});
    b.end_block();
  }
  b.cross_entropy(b.apply("head", Op::mm, {value, weights.back()}, {0, 1}), target);
  return differentiate(std::move(b).finish());
}

Program recomputed(int depth, Op activation, std::string_view policy, bool reentrant = false) {
  Program program = recompute(chain(depth, activation), parse_recompute(policy, depth, reentrant));
  verify(program);
  return program;
}

std::size_t count(const Program& program, Op op, Phase phase) {
  return static_cast<std::size_t>(
      std::count_if(program.step.begin(), program.step.end(),
                    [&](const Instr& instr) { return instr.op == op && instr.phase == phase; }));
}

/// Activations of the blocks (the network's input included) that live when the forward pass ends.
std::size_t retained(Program program) {
  const Schedule schedule(std::move(program));
  std::map<BufferId, bool> alive;
  for (const ScheduledInstr& scheduled : schedule.first_step) {
    if (scheduled.instr->phase == Phase::loss) break;
    for (BufferId id : scheduled.births) alive[id] = true;
    for (BufferId id : scheduled.deaths) alive[id] = false;
  }
  return static_cast<std::size_t>(std::count_if(alive.begin(), alive.end(), [&](const auto& entry) {
    const auto& name = schedule.program.buffers[entry.first].name;
    return entry.second && name != "target" && name != "head";
  }));
}

using Segments = std::vector<BlockRange>;

TEST(Recompute, WhatWasMadeAgainDiesBeforeTheGradientThatArrived) {
  const std::string text = print(recomputed(2, Op::gelu, "every:1"));
  EXPECT_NE(text.find("gelu_backward(grad(activation), linear')\n"
                      "backward  release(linear', grad(activation))\n"),
            std::string::npos)
      << text;
}

TEST(RecomputeSegments, CutTheModelAsThePolicySays) {
  EXPECT_EQ(parse_recompute("none", 5).segments, Segments{});
  EXPECT_EQ(parse_recompute("every:2", 5).segments, (Segments{{0, 2}, {2, 4}, {4, 5}}));
  EXPECT_EQ(parse_recompute("sqrt", 10).segments, (Segments{{0, 4}, {4, 8}, {8, 10}}));
}

TEST(RecomputeSegments, FollowCheckpointSequential) {
  EXPECT_EQ(parse_recompute("segments:1", 16).segments, Segments{});
  EXPECT_EQ(parse_recompute("segments:4", 16).segments, (Segments{{0, 4}, {4, 8}, {8, 12}}));
  EXPECT_EQ(parse_recompute("segments:5", 16).segments,
            (Segments{{0, 3}, {3, 6}, {6, 9}, {9, 12}}));  // 4 are left over
}

TEST(RecomputeSegments, RefuseWhatIsNoPolicy) {
  for (const char* text : {"", "often", "every", "every:", "every:0", "every:-1", "every:2x", "segments:0"}) {
    EXPECT_THROW(static_cast<void>(parse_recompute(text, 16)), UsageError) << text;
  }
  EXPECT_THROW(static_cast<void>(parse_recompute("segments:17", 16)), UsageError);
  EXPECT_THROW(static_cast<void>(parse_recompute("selective", 16, true)), UsageError);
}

// tests/golden and the literature: a chain of 16 blocks of linear and ReLU keeps so many tensors.
TEST(Recompute, KeepsAsManyTensorsAsCheckpointSequential) {
  const std::map<int, std::size_t> kKept{{1, 17}, {2, 10}, {3, 9},  {4, 8},
                                         {5, 9},  {6, 12}, {8, 10}, {16, 17}};
  for (const auto& [segments, kept] : kKept) {
    EXPECT_EQ(retained(recomputed(16, Op::relu, "segments:" + std::to_string(segments))), kept) << segments;
  }
}

TEST(Recompute, RunsEachBlockOfASegmentAgainOnce) {
  EXPECT_EQ(count(recomputed(16, Op::relu, "none"), Op::mm, Phase::recompute), 0u);
  EXPECT_EQ(count(recomputed(16, Op::relu, "every:4"), Op::mm, Phase::recompute), 16u);
  EXPECT_EQ(count(recomputed(16, Op::relu, "segments:4"), Op::mm, Phase::recompute), 12u);
}

TEST(Recompute, StopsAtTheLastValueThatIsNeeded) {
  // GELU's gradient reads its operand, so the last GELU of each segment is not run again; ReLU's reads its
  // result.
  EXPECT_EQ(count(recomputed(8, Op::gelu, "every:4"), Op::gelu, Phase::recompute), 6u);
  EXPECT_EQ(count(recomputed(8, Op::relu, "every:4"), Op::relu, Phase::recompute), 8u);
}

TEST(Recompute, LeavesTheForwardAndTheGradientsAlone) {
  const Program plain = chain(8, Op::tanh), again = recomputed(8, Op::tanh, "sqrt");
  for (Phase phase : {Phase::forward, Phase::backward}) {
    for (Op op : {Op::mm, Op::tanh, Op::tanh_backward}) {
      EXPECT_EQ(count(plain, op, phase), count(again, op, phase));
    }
  }
  ASSERT_EQ(plain.parameters.size(), again.parameters.size());
  for (std::size_t i = 0; i < plain.parameters.size(); ++i) {
    EXPECT_EQ(plain.parameters[i].gradient, again.parameters[i].gradient);
  }
}

/// A block of a linear layer alone, behind which nothing is saved.
Program linear_block() {
  Builder b({});
  const BufferId w0 = b.parameter("w0", {8, 8}, 1), w1 = b.parameter("w1", {8, 8}, 1);
  const BufferId bias = b.parameter("bias", {8}, 1);
  const BufferId x = b.input("x", {4, 8}, 1), target = b.target("target", {4}, 8);
  const BufferId h = b.apply("h", Op::tanh, {b.apply("0", Op::mm, {x, w0}, {0, 1})});
  b.begin_block(h);
  const BufferId y = b.apply("1", Op::addmm, {b.apply("act", Op::gelu, {h}), w1, bias});
  b.end_block();
  b.cross_entropy(y, target);
  return differentiate(std::move(b).finish());
}

std::vector<const Instr*> backward_of_block(const Program& program) {
  std::vector<const Instr*> list;
  for (const Instr& instr : program.step) {
    const bool backward = instr.phase == Phase::backward || instr.phase == Phase::recompute;
    if (backward && instr.block == 0) list.push_back(&instr);
  }
  return list;
}

TEST(Recompute, BeginsWithTheNodeThatReadsAndNotWithItsFirstReading) {
  const Program program = recompute(linear_block(), {{{0, 1}}});
  verify(program);
  EXPECT_EQ(backward_of_block(program).front()->phase, Phase::recompute);
}

TEST(Recompute, LetsGoOfWhatItMadeBeforeTheSumOfABias) {
  const Program program = recompute(linear_block(), {{{0, 1}}});
  const auto list = backward_of_block(program);
  const auto sum =
      std::find_if(list.begin(), list.end(), [](const Instr* instr) { return instr->op == Op::sum_rows; });
  ASSERT_NE(sum, list.end());
  const Instr& before = **(sum - 1);
  ASSERT_EQ(before.op, Op::release);
  EXPECT_EQ(program.buffers[before.inputs.front()].name, "act'");
  for (auto after = sum; after != list.end(); ++after) {
    for (BufferId id : (*after)->inputs) EXPECT_NE(id, before.inputs.front());
  }
}

std::vector<std::string> names(const Program& program, const Instr& instr) {
  std::vector<std::string> list;
  for (BufferId id : instr.inputs) list.push_back(program.buffers[id].name);
  return list;
}

TEST(ReentrantRecompute, RunsASegmentToItsEnd) {
  EXPECT_EQ(count(recomputed(8, Op::gelu, "every:4", true), Op::gelu, Phase::recompute), 8u);
}

TEST(ReentrantRecompute, HoldsOutputGradientAndInputUntilTheSegmentIsDone) {
  const Program program = recompute(linear_block(), {{{0, 1}}, Checkpoint::reentrant});
  verify(program);
  const Instr& last = *backward_of_block(program).back();
  ASSERT_EQ(last.op, Op::release);
  EXPECT_EQ(names(program, last), (std::vector<std::string>{"1'", "grad(1)", "h"}));
}

/// A block x + x wT.
Program residual_block() {
  Builder b({});
  const BufferId w0 = b.parameter("w0", {8, 8}, 1), w1 = b.parameter("w1", {8, 8}, 1);
  const BufferId x = b.input("x", {4, 8}, 1), target = b.target("target", {4}, 8);
  const BufferId h = b.apply("h", Op::mm, {x, w0}, {0, 1});
  b.begin_block(h);
  const BufferId y = b.apply("y", Op::add, {h, b.apply("branch", Op::mm, {h, w1}, {0, 1})});
  b.end_block();
  b.cross_entropy(y, target);
  return differentiate(std::move(b).finish());
}

TEST(ReentrantRecompute, AddsToNoGradientThatItsCallerHolds) {
  EXPECT_EQ(count(recompute(residual_block(), {{{0, 1}}}), Op::axpby, Phase::backward), 1u);
  const Program program = recompute(residual_block(), {{{0, 1}}, Checkpoint::reentrant});
  verify(program);
  EXPECT_EQ(count(program, Op::axpby, Phase::backward), 0u);
  EXPECT_EQ(count(program, Op::add, Phase::backward), 1u);
}

TEST(SelectiveRecompute, RunsAllButProductsAgain) {
  const Program program = recomputed(8, Op::relu, "selective");
  EXPECT_EQ(count(program, Op::mm, Phase::recompute), 0u);
  EXPECT_EQ(count(program, Op::relu, Phase::recompute), 8u);
  EXPECT_EQ(retained(program), 17u) << "the input, and product and result of each block";
}

TEST(SelectiveRecompute, LetsGoOfWhatIsNotReachedWithItsSegment) {
  const Program program = recompute(linear_block(), {{{0, 1}}, Checkpoint::selective});
  verify(program);
  EXPECT_EQ(names(program, *backward_of_block(program).back()), std::vector<std::string>{"1"});
}

TEST(SelectiveRecompute, RefusesToOverwriteWhatItKeeps) {
  Builder b({});
  const BufferId w = b.parameter("w", {8, 8}, 1);
  const BufferId x = b.input("x", {4, 8}, 1), target = b.target("target", {4}, 8);
  b.begin_block(x);
  const BufferId y = b.apply_in_place(Op::relu, {b.apply("linear", Op::mm, {x, w}, {0, 1})});
  b.end_block();
  b.cross_entropy(y, target);
  const Program program = differentiate(std::move(b).finish());
  EXPECT_THROW(static_cast<void>(recompute(program, {{{0, 1}}, Checkpoint::selective})), UsageError);
}

}  // namespace
}  // namespace memsweep
