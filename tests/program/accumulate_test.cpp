#include "harness/program/passes/accumulate.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/variables.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

/// x -> linear -> cross-entropy.
Program forward(std::int64_t rows = 4) {
  Builder b({.seed = 1, .batches = 2});
  const BufferId w = b.parameter("w", {3, 5}, 1), bias = b.parameter("bias", {3}, 1);
  const BufferId x = b.input("x", {rows, 5}, 2), target = b.target("target", {rows}, 3);
  b.cross_entropy(b.apply("out", Op::addmm, {x, w, bias}), target);
  return std::move(b).finish();
}

Program step(const std::vector<std::int64_t>& rows) {
  const auto batch = static_cast<double>(std::accumulate(rows.begin(), rows.end(), std::int64_t{0}));
  std::map<std::int64_t, Program> by_rows;
  for (const std::int64_t size : rows)
    by_rows[size] = differentiate(weigh_loss(forward(size), static_cast<double>(size) / batch));
  return accumulate(std::move(by_rows), rows);
}

/// In micro-batches of 4.
Program step(int micro_batches) { return step(std::vector<std::int64_t>(micro_batches, 4)); }

/// The lines of the step that hold `text`.
std::vector<std::string> lines(const Program& program, std::string_view text) {
  std::vector<std::string> found;
  const std::string all = print(program);
  for (std::size_t begin = all.find("\ndata ") + 1; begin < all.size();) {
    const std::size_t end = all.find('\n', begin);
    const auto line = all.substr(begin, end - begin);
    if (line.find(text) != std::string::npos) found.push_back(line);
    begin = end + 1;
  }
  return found;
}

using Lines = std::vector<std::string>;

TEST(Accumulate, LeavesOneMicroBatchAlone) { EXPECT_EQ(print(step(1)), print(differentiate(forward()))); }

TEST(Accumulate, AddsTheGradientsOfEachFurtherMicroBatchToThoseOfTheFirst) {
  const Program program = step(2);
  verify(program);
  EXPECT_EQ(lines(program, "grad(w)"),
            (Lines{"backward  grad(w):f32[3x5] = mm(grad(out), x, transpose_a=1, transpose_b=0)",
                   "backward  release(grad(bias), grad(w))",
                   "backward  grad(w)@1:f32[3x5] = mm(grad(out)@1, x, transpose_a=1, transpose_b=0)",
                   "backward  release(grad(bias)@1, grad(w)@1)",
                   "backward  grad(w) = axpby(grad(w), grad(w)@1, a=1, b=1)"}));
}

TEST(Accumulate, DrawsTheSlicesOfOneBatch) {
  EXPECT_EQ(
      lines(step(3), "data "),
      (Lines{
          "data      x:f32[4x5] = uniform(seed=1, id=1000, id_stride=1, batches=2, first=0, scale=2, "
          "offset=0)",
          "data      target:i64[4] = integers(seed=1, id=2000, id_stride=1, batches=2, first=0, modulus=3)",
          "data      x:f32[4x5] = uniform(seed=1, id=1000, id_stride=1, batches=2, first=20, scale=2, "
          "offset=0)",
          "data      target:i64[4] = integers(seed=1, id=2000, id_stride=1, batches=2, first=4, modulus=3)",
          "data      x:f32[4x5] = uniform(seed=1, id=1000, id_stride=1, batches=2, first=40, scale=2, "
          "offset=0)",
          "data      target:i64[4] = integers(seed=1, id=2000, id_stride=1, batches=2, first=8, "
          "modulus=3)"}));
}

TEST(Accumulate, DrawsSlicesOfDifferentSizesOneBehindTheOther) {
  const Program program = step({4, 2, 1});
  verify(program);
  EXPECT_EQ(
      lines(program, "= integers("),
      (Lines{
          "data      target:i64[4] = integers(seed=1, id=2000, id_stride=1, batches=2, first=0, modulus=3)",
          "data      target:i64[2] = integers(seed=1, id=2000, id_stride=1, batches=2, first=4, modulus=3)",
          "data      target:i64[1] = integers(seed=1, id=2000, id_stride=1, batches=2, first=6, "
          "modulus=3)"}));
}

TEST(Accumulate, WeighsEachLossByItsShareOfTheRows) {
  const Lines scaled = lines(step({4, 3, 1}), "loss      loss:f32[scalar] = scale(");
  ASSERT_EQ(scaled.size(), 3u);
  EXPECT_EQ(scaled[0], "loss      loss:f32[scalar] = scale(loss, factor=0.5)");
  EXPECT_EQ(scaled[1], "loss      loss:f32[scalar] = scale(loss, factor=0.375)");
  EXPECT_EQ(scaled[2], "loss      loss:f32[scalar] = scale(loss, factor=0.125)");
}

TEST(Accumulate, WeighsTheLossAndItsGradient) {
  const Lines scaled = lines(step(4), " scale(");
  ASSERT_EQ(scaled.size(), 8u);
  EXPECT_EQ(scaled[0], "loss      loss:f32[scalar] = scale(loss, factor=0.25)");
  EXPECT_EQ(scaled[1], "backward  grad(loss):f32[scalar] = scale(grad(loss), factor=0.25)");
}

/// Gradients of parameters that are alive together, at most.
std::size_t most_gradients(const std::vector<ScheduledInstr>& list, const Program& program,
                           std::size_t alive) {
  std::size_t most = alive;
  const auto gradients = [&](std::span<const BufferId> ids) {
    return static_cast<std::size_t>(std::count_if(ids.begin(), ids.end(), [&](BufferId id) {
      const auto& name = program.buffers[id].name;
      return name.find("grad(w)") != std::string::npos || name.find("grad(bias)") != std::string::npos;
    }));
  };
  for (const ScheduledInstr& scheduled : list) {
    alive += gradients(scheduled.births);
    most = std::max(most, alive);
    alive -= gradients(scheduled.deaths);
  }
  return most;
}

TEST(Accumulate, KeepsNoMoreGradientsHoweverManyMicroBatches) {
  for (int k : {2, 3, 8}) {
    Program program = step(k);
    append_zero_grad(program);
    const Schedule schedule(std::move(program));
    EXPECT_EQ(most_gradients(schedule.first_step, schedule.program, 0), 4u) << k;
  }
}

TEST(Accumulate, GoesWithWhatBecomesOfVariables) {
  for (const auto& loop : {delete_variables, keep_data_resident}) {
    for (Program program : {step(3), step({4, 3, 3, 1})}) {
      append_zero_grad(program);
      EXPECT_NO_THROW(verify(loop(std::move(program))));
    }
  }
}

TEST(KeepGradients, MakesThemInTheFirstStepAndAddsToThemInLaterOnes) {
  Program program = keep_gradients(differentiate(forward()));
  append_zero_grad(program);
  verify(program);
  EXPECT_EQ(lines(program, "grad(bias)"),
            (Lines{"backward  grad(bias):f32[3] = sum_rows(grad(out))   # first step",
                   "backward  new grad(bias):f32[3] = sum_rows(grad(out))   # later steps",
                   "backward  release(grad(bias), grad(w))",
                   "backward  grad(bias) = axpby(grad(bias), new grad(bias), a=1, b=1)   # later steps",
                   "zero_grad grad(bias) = zeros_like(grad(bias))"}));
}

TEST(KeepGradients, TakesASecondSetForAsLongAsANodeRuns) {
  Program program = keep_gradients(differentiate(forward()));
  append_zero_grad(program);
  const Schedule schedule(std::move(program));
  EXPECT_EQ(most_gradients(schedule.first_step, schedule.program, 0), 2u);
  EXPECT_EQ(most_gradients(schedule.later_steps, schedule.program, 2), 4u);
}

TEST(KeepGradients, GoesWithMicroBatches) {
  Program program = keep_gradients(step(2));
  append_zero_grad(program);
  verify(program);
  EXPECT_EQ(lines(program, " axpby(").size(), 4u);  // two parameters, two micro-batches
  EXPECT_EQ(lines(program, "later steps").size(), 4u);
}

}  // namespace
}  // namespace memsweep
