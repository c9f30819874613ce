#include "harness/program/passes/fuse.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/casts.h"

namespace memsweep {
namespace {

/// A linear layer and an activation, in one block or in two, and a head.
class Layers {
 public:
  Layers() : weight_(b.parameter("w", {4, 4}, 1)), bias_(b.parameter("bias", {4}, 1)) {
    x_ = b.input("x", {3, 4}, 1);
    target_ = b.target("target", {3}, 4);
    b.begin_block(x_);
  }

  [[nodiscard]] BufferId linear() { return b.apply("linear", Op::addmm, {x_, weight_, bias_}); }
  [[nodiscard]] BufferId linear_without_bias() { return b.apply("linear", Op::mm, {x_, weight_}, {0, 1}); }

  Program ending_in(BufferId value) && {
    b.end_block();
    b.cross_entropy(b.apply("head", Op::mm, {value, weight_}, {0, 1}), target_);
    return std::move(b).finish();
  }

  Builder b{{}};

 private:
  BufferId weight_, bias_, x_ = 0, target_ = 0;
};

Program one_layer(Op activation) {
  Layers layers;
  const BufferId sum = layers.linear(), result = layers.b.apply("result", activation, {sum});
  return std::move(layers).ending_in(result);
}

/// Lines of a phase.
std::string lines_of(const Program& program, Phase phase) {
  Program alone = program;
  alone.setup.clear();
  std::erase_if(alone.step, [phase](const Instr& instr) { return instr.phase != phase; });
  return print(alone);
}

TEST(Fuse, MakesReluThePlaceOfTheProductsResult) {
  EXPECT_EQ(lines_of(fuse(one_layer(Op::relu), true), Phase::forward),
            "forward   result:f32[3x4] = addmm_relu(x, w, bias)\n"
            "forward   release(x)\n"
            "forward   head:f32[3x4] = mm(result, w, transpose_a=0, transpose_b=1)\n");
}

TEST(Fuse, KeepsWhatGoesIntoGeluForTheBackwardPassOnly) {
  const auto first_line = [](bool differentiated) {
    const auto text = lines_of(fuse(one_layer(Op::gelu_tanh), differentiated), Phase::forward);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(first_line(true),
            "forward   result:f32[3x4], linear:f32[3x4] = addmm_gelu_tanh(x, w, bias, keeps_sum=1)");
  EXPECT_EQ(first_line(false), "forward   result:f32[3x4] = addmm_gelu_tanh(x, w, bias, keeps_sum=0)");
}

void replace_all(std::string& text, const std::string& part, const std::string& by) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size()))
    text.replace(at, part.size(), by);
}

TEST(Fuse, TakesTheActivationsGradientInPlaceAndLeavesTheBackwardPassAsItIs) {
  for (const Op activation : {Op::relu, Op::gelu_tanh}) {
    const Program apart = differentiate(one_layer(activation)),
                  together = differentiate(fuse(one_layer(activation), true));
    verify(together);
    std::string expected = lines_of(apart, Phase::backward);
    replace_all(expected, "grad(linear):f32[3x4]", "grad(result)");
    replace_all(expected, "grad(linear)", "grad(result)");
    EXPECT_EQ(lines_of(together, Phase::backward), expected);
  }
}

TEST(Fuse, OverwritesNoGradientThatAnotherOpWaitsFor) {
  Layers layers;
  const BufferId other = layers.linear_without_bias();
  const BufferId result = layers.b.apply("result", Op::relu, {layers.linear()});
  const BufferId both = layers.b.apply("both", Op::add, {other, result});
  const Program program = differentiate(fuse(std::move(layers).ending_in(both), true));
  verify(program);
  EXPECT_NE(print(program).find("relu_backward:f32[3x4] = relu_backward("), std::string::npos)
      << print(program);
}

TEST(Fuse, WritesOverNothingWhereReluIsInPlace) {
  Layers layers;
  const BufferId result = layers.b.apply_in_place(Op::relu, {layers.linear()});
  const Program program = differentiate(fuse(std::move(layers).ending_in(result), true));
  verify(program);
  EXPECT_NE(print(program).find("linear:f32[3x4] = addmm_relu(x, w, bias)"), std::string::npos);
}

TEST(Fuse, DropsReleasesOfWhatIsNotThereAnyMore) {
  Layers layers;
  const BufferId sum = layers.linear(), result = layers.b.apply("result", Op::relu, {sum});
  layers.b.release({sum});
  const Program program = fuse(std::move(layers).ending_in(result), true);
  verify(program);
  EXPECT_EQ(print(program).find("release(linear)"), std::string::npos);
}

TEST(Fuse, StandsBehindTheCastsOfItsOperands) {
  const Program program = fuse(autocast(one_layer(Op::relu), {.type = DType::bf16}), true);
  verify(program);
  EXPECT_NE(print(program).find("result:bf16[3x4] = addmm_relu(bf16(x), bf16(w), bf16(bias))"),
            std::string::npos)
      << print(program);
}

TEST(Fuse, LeavesASumAloneThatIsReadElsewhereAndSaysWhereNothingIsLeftToFuse) {
  const auto refused = [](Program program) {
    EXPECT_THROW((void)fuse(std::move(program), true), UsageError);
  };
  Layers twice;
  const BufferId sum = twice.linear();
  refused(std::move(twice).ending_in(
      twice.b.apply("twice", Op::add, {twice.b.apply("r", Op::relu, {sum}), sum})));
  Layers before;
  const BufferId doubled = before.linear(), twofold = before.b.apply("twofold", Op::add, {doubled, doubled});
  refused(std::move(before).ending_in(
      before.b.apply("both", Op::add, {twofold, before.b.apply_in_place(Op::relu, {doubled})})));
  Layers apart;
  const BufferId end_of_block = apart.linear();
  apart.b.end_block();
  apart.b.begin_block();
  refused(std::move(apart).ending_in(apart.b.apply("r", Op::relu, {end_of_block})));
  Layers without_bias;
  const BufferId product = without_bias.linear_without_bias();
  refused(std::move(without_bias).ending_in(without_bias.b.apply("r", Op::relu, {product})));
  refused(one_layer(Op::gelu));
}

}  // namespace
}  // namespace memsweep
