#include "harness/program/passes/casts.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/recompute.h"

namespace memsweep {
namespace {

/// A linear layer, a layer norm and dropout, and a head that uses the first layer's weight again.
Program network(int blocks = 1) {
  Builder b({});
  const BufferId weight = b.parameter("w", {8, 8}, 1), bias = b.parameter("bias", {8}, 1);
  const BufferId norm = b.parameter("norm", {8}, 1);
  BufferId value = b.input("x", {2, 8}, 1);
  const BufferId target = b.target("target", {2}, 8);
  for (int i = 0; i < blocks; ++i) {
    b.begin_block();
    value = b.apply("linear", Op::addmm, {value, weight, bias});
    value = b.apply("normed", Op::layer_norm, {value, norm, norm}, {1e-5});
    value = b.dropout("dropped", value, 0.5, i);
    b.end_block();
  }
  b.cross_entropy(b.apply("head", Op::mm, {value, weight}, {0, 1}), target);
  return std::move(b).finish();
}

/// Lines of the forward pass, without the types of results.
std::string forward_of(const Program& program) {
  Program alone = program;
  alone.setup.clear();
  std::erase_if(alone.step,
                [](const Instr& i) { return i.phase != Phase::forward && i.phase != Phase::loss; });
  return print(alone);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Autocast, CastsOperandsOfProductsTheLastOneFirst) {
  const auto text = forward_of(autocast(network(), {.type = DType::bf16}));
  EXPECT_EQ(text.find("forward   bf16(bias):bf16[8] = cast(bias, type=bf16)\n"
                      "forward   bf16(w):bf16[8x8] = cast(w, type=bf16)\n"
                      "forward   bf16(x):bf16[2x8] = cast(x, type=bf16)\n"
                      "forward   linear:bf16[2x8] = addmm(bf16(x), bf16(w), bf16(bias))\n"),
            0u)
      << text;
}

TEST(Autocast, NormsAndTheLossTakeF32AndElementwiseOpsWhatTheyGet) {
  const auto text = forward_of(autocast(network(), {.type = DType::f16}));
  EXPECT_TRUE(
      has(text, "normed:f32[2x8], normed.1:f32[2], normed.2:f32[2] = layer_norm(f32(linear), norm, norm"))
      << text;
  EXPECT_TRUE(has(text, "dropped.1:f32[2x8]")) << text;
  EXPECT_TRUE(has(text, "log_softmax:f16[2x8] = log_softmax(head)")) << text;
  EXPECT_TRUE(has(text, "loss:f32[scalar], loss.1:f32[scalar] = nll_loss(f32(log_softmax), target)")) << text;
}

TEST(Autocast, OnTheCpuNormsTakeWhatTheyGetAndTheWholeLossTakesF32) {
  const auto text = forward_of(autocast(network(), {.lists = AutocastLists::cpu}));
  EXPECT_TRUE(has(text, "normed:bf16[2x8], normed.1:f32[2], normed.2:f32[2] = layer_norm(linear, norm, norm"))
      << text;
  EXPECT_TRUE(has(text, "log_softmax:f32[2x8] = log_softmax(f32(head))\n")) << text;
}

TEST(Autocast, AnOperandLivesUntilTheOpThatItWasCastForHasReturned) {
  const auto text = forward_of(autocast(network(), {.type = DType::bf16}));
  EXPECT_TRUE(
      has(text, "mm(bf16(dropped.1), bf16(w), transpose_a=0, transpose_b=1)\nforward   release(dropped.1)\n"))
      << text;
  EXPECT_FALSE(has(text, "release(x)")) << text;  // the training loop holds it
}

TEST(Autocast, CastsAWeightOnceInARegionWithTheCacheAndForEachUseWithoutIt) {
  const auto with = forward_of(autocast(network(), {.type = DType::bf16}));
  EXPECT_EQ(count(with, "= cast(w,"), 1u) << with;
  EXPECT_TRUE(has(with, "loss      release(bf16(bias), bf16(w))\n")) << with;
  const auto without = forward_of(autocast(network(), {.type = DType::bf16, .cache = false}));
  EXPECT_EQ(count(without, "= cast(w,"), 2u) << without;
  EXPECT_FALSE(has(without, "release(bf16")) << without;
}

TEST(Autocast, BothUsesOfACachedWeightGiveOneGradientInF32) {
  const Program program = differentiate(autocast(network(), {.type = DType::bf16}));
  verify(program);
  EXPECT_EQ(program.type(program.parameters[0].gradient).dtype, DType::f32);
  EXPECT_EQ(count(print(program), "grad(bf16(w)) = axpby("), 1u) << print(program);
}

TEST(Autocast, ARecomputedSegmentCastsAgainAndEmptiesItsOwnCache) {
  const auto text = print(recompute(differentiate(autocast(network(), {.type = DType::bf16})), {{{0, 1}}}));
  EXPECT_EQ(count(text, "recompute bf16(w)':bf16[8x8] = cast(w, type=bf16)"), 1u) << text;
  EXPECT_TRUE(has(text, "recompute release(bf16(bias)', bf16(w)', normed')\n")) << text;
}

TEST(Autocast, TheLossIsF32WhereTheLogitsAreCast) {
  const auto text = forward_of(autocast(network(), {.type = DType::bf16, .wide_loss = true}));
  EXPECT_TRUE(has(text, "log_softmax:f32[2x8] = log_softmax(f32(head))\n")) << text;
  EXPECT_TRUE(has(text, "nll_loss(log_softmax, target)\nloss      release(f32(head))\n")) << text;
}

TEST(InType, HoldsEverythingButStatisticsIn16Bit) {
  const Program program = differentiate(in_type(network(), {.type = DType::f16}));
  verify(program);
  for (const Buffer& buffer : program.buffers) {
    const bool statistic = buffer.name == "normed.1" || buffer.name == "normed.2";
    if (buffer.type.dtype == DType::i64 || buffer.type.dtype == DType::boolean) continue;
    EXPECT_EQ(buffer.type.dtype, statistic ? DType::f32 : DType::f16) << buffer.name;
  }
}

TEST(MasterWeights, AreDrawnInF32AndRoundedToTheWeights) {
  Program program = differentiate(in_type(network(), {.type = DType::bf16}));
  const std::vector<Parameter> working = program.parameters;
  program = with_master_weights(std::move(program));
  append_copy_of_masters(program, working);
  verify(program);
  const auto text = print(program);
  EXPECT_TRUE(has(text, "setup     bf16(w):bf16[8x8] = cast(w, type=bf16)\n")) << text;
  EXPECT_TRUE(has(text, "optimizer bf16(w) = copy(bf16(w), w)\n")) << text;
  for (const Parameter& p : program.parameters) {
    EXPECT_EQ(program.type(p.weight).dtype, DType::f32);
    EXPECT_EQ(program.type(p.gradient).dtype, DType::f32);
  }
}

}  // namespace
}  // namespace memsweep
