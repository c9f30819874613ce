#include "harness/program/differentiate.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

/// x -> linear -> relu -> linear -> cross-entropy, of a batch of 4.
Program two_layers() {
  Builder b({.seed = 1, .batches = 2});
  const BufferId w0 = b.parameter("0.weight", {3, 5}, 1), bias0 = b.parameter("0.bias", {3}, 1);
  const BufferId w1 = b.parameter("1.weight", {2, 3}, 1), bias1 = b.parameter("1.bias", {2}, 1);
  const BufferId x = b.input("x", {4, 5}, 2), target = b.target("target", {4}, 2);
  b.begin_block(x);
  const BufferId hidden = b.apply("0.relu", Op::relu, {b.apply("0.linear", Op::addmm, {x, w0, bias0})});
  b.end_block();
  b.cross_entropy(b.apply("1.linear", Op::addmm, {hidden, w1, bias1}), target);
  return std::move(b).finish();
}

/// y = relu(h) + h, with h = x wT: h is read twice.
Program residual() {
  Builder b({.seed = 1, .batches = 1});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  const BufferId h = b.apply("h", Op::mm, {x, w}, {0, 1});
  b.cross_entropy(b.apply("sum", Op::add, {b.apply("relu", Op::relu, {h}), h}), target);
  return std::move(b).finish();
}

std::size_t count(const Program& program, Op op) {
  return static_cast<std::size_t>(std::count_if(program.step.begin(), program.step.end(),
                                                [op](const Instr& instr) { return instr.op == op; }));
}

TEST(Differentiate, GivesAnInputThatRequiresItAGradientThatItsLossHolds) {
  Program forward = two_layers();
  forward.input_requiring_grad = 4;
  const Program program = differentiate(std::move(forward));
  verify(program);
  ASSERT_EQ(program.saved_by_loss.size(), 2u);
  EXPECT_EQ(program.buffers[program.saved_by_loss[0]].name, "grad(x)");
  EXPECT_EQ(program.saved_by_loss[1], 4u);
  for (BufferId id : program.saved_by_loss) EXPECT_EQ(program.buffers[id].lifetime, Lifetime::with_loss);
}

TEST(Differentiate, WritesTheBackwardPassInPytorchsOrder) {
  Program program = differentiate(two_layers());
  append_zero_grad(program);
  verify(program);
  EXPECT_EQ(
      print(program),
      "setup     0.weight:f32[3x5] = uniform(seed=1, id=0, id_stride=0, batches=1, first=0, scale=1, "
      "offset=0)\n"
      "setup     0.bias:f32[3] = uniform(seed=1, id=1, id_stride=0, batches=1, first=0, scale=1, offset=0)\n"
      "setup     1.weight:f32[2x3] = uniform(seed=1, id=2, id_stride=0, batches=1, first=0, scale=1, "
      "offset=0)\n"
      "setup     1.bias:f32[2] = uniform(seed=1, id=3, id_stride=0, batches=1, first=0, scale=1, offset=0)\n"
      "data      x:f32[4x5] = uniform(seed=1, id=1000, id_stride=1, batches=2, first=0, scale=2, offset=0)\n"
      "data      target:i64[4] = integers(seed=1, id=2000, id_stride=1, batches=2, first=0, modulus=2)\n"
      "forward   0.linear:f32[4x3] = addmm(x, 0.weight, 0.bias)\n"
      "forward   0.relu:f32[4x3] = relu(0.linear)\n"
      "forward   release(x)\n"

      "forward   1.linear:f32[4x2] = addmm(0.relu, 1.weight, 1.bias)\n"
      "loss      log_softmax:f32[4x2] = log_softmax(1.linear)\n"
      "loss      loss:f32[scalar], loss.1:f32[scalar] = nll_loss(log_softmax, target)\n"
      "backward  grad(loss):f32[scalar] = fill(value=1)\n"
      "backward  grad(log_softmax):f32[4x2] = nll_loss_backward(grad(loss), log_softmax, target, loss.1)\n"
      "backward  grad(1.linear):f32[4x2] = log_softmax_backward(grad(log_softmax), log_softmax)\n"
      "backward  grad(0.relu):f32[4x3] = mm(grad(1.linear), 1.weight, transpose_a=0, transpose_b=0)\n"
      "backward  grad(1.weight):f32[2x3] = mm(grad(1.linear), 0.relu, transpose_a=1, transpose_b=0)\n"
      "backward  grad(1.bias):f32[2] = sum_rows(grad(1.linear))\n"
      "backward  release(0.relu, grad(1.bias), grad(1.weight))\n"
      "backward  grad(0.linear):f32[4x3] = relu_backward(grad(0.relu), 0.relu)\n"
      "backward  grad(0.weight):f32[3x5] = mm(grad(0.linear), x, transpose_a=1, transpose_b=0)\n"
      "backward  grad(0.bias):f32[3] = sum_rows(grad(0.linear))\n"
      "backward  release(grad(0.bias), grad(0.weight))\n"
      "backward  release(grad(loss))\n"
      "zero_grad release(grad(0.weight), grad(0.bias), grad(1.weight), grad(1.bias))\n");
}

TEST(Differentiate, MakesNoGradientThatNobodyReads) {
  const Program program = differentiate(two_layers());
  for (const Buffer& buffer : program.buffers) EXPECT_NE(buffer.name, "grad(x)");
}

TEST(Differentiate, AddsTheSecondGradientOfAValueToTheFirstInPlace) {
  const Program program = differentiate(residual());
  verify(program);
  EXPECT_EQ(count(program, Op::add), 1u);  // the residual connection itself
  const auto sum = std::find_if(program.step.begin(), program.step.end(),
                                [](const Instr& instr) { return instr.op == Op::axpby; });
  ASSERT_NE(sum, program.step.end());
  EXPECT_EQ(sum->phase, Phase::backward);
  EXPECT_EQ(program.buffers[sum->outputs[0]].name, "grad(h)");
  EXPECT_EQ(sum->outputs[0], sum->inputs[0]);
}

TEST(Differentiate, LeavesAGradientThatIsStillToBeReadElsewhereAsItIs) {
  Builder b({.seed = 1, .batches = 1});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  const BufferId h = b.apply("h", Op::mm, {x, w}, {0, 1});
  b.cross_entropy(b.apply("twice", Op::add, {h, h}), target);
  const Program program = differentiate(std::move(b).finish());
  EXPECT_EQ(count(program, Op::add), 2u);
  EXPECT_EQ(count(program, Op::axpby), 0u);
}

TEST(Differentiate, HandsOnTheGradientOfAWeightOnceItIsComplete) {
  Builder b({.seed = 1, .batches = 1});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  const BufferId h = b.apply("h", Op::mm, {x, w}, {0, 1});
  b.cross_entropy(b.apply("again", Op::mm, {h, w}, {0, 1}), target);
  const Program program = differentiate(std::move(b).finish());
  const BufferId gradient = program.parameters[0].gradient;
  EXPECT_EQ(std::count_if(program.step.begin(), program.step.end(),
                          [gradient](const Instr& instr) {
                            return instr.op == Op::release &&
                                   std::count(instr.inputs.begin(), instr.inputs.end(), gradient) > 0;
                          }),
            1);
}

TEST(Differentiate, TakesAnOpThatOverwritesItsOperand) {
  Builder b({});
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  const BufferId h = b.apply_in_place(Op::relu, {b.apply("h", Op::mm, {x, w}, {0, 1})});
  b.cross_entropy(b.apply("out", Op::mm, {h, w}, {0, 1}), target);
  const Program program = differentiate(std::move(b).finish());
  verify(program);
  EXPECT_EQ(count(program, Op::relu_backward), 1u);
}

TEST(Differentiate, RefusesAParameterThatDoesNotReachTheLoss) {
  Builder b({});
  b.parameter("idle", {2}, 1);
  const BufferId w = b.parameter("w", {4, 4}, 1);
  const BufferId x = b.input("x", {3, 4}, 1), target = b.target("target", {3}, 4);
  b.cross_entropy(b.apply("h", Op::mm, {x, w}, {0, 1}), target);
  EXPECT_THROW(static_cast<void>(differentiate(std::move(b).finish())), std::logic_error);
}

}  // namespace
}  // namespace memsweep
