// The derived backward pass against differences of the loss, on the cpu device.

#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "tests/finite_differences.h"

namespace memsweep {
namespace {

using testing::expect_true_gradients;

/// A model of the given middle, over one batch that never changes.
Program around(const std::function<BufferId(Builder&, BufferId x, BufferId w)>& middle) {
  Builder b({.seed = 7, .batches = 1});
  const BufferId w = b.parameter("w", {5, 5}, 0.8F), head = b.parameter("head", {3, 5}, 0.8F);
  const BufferId x = b.input("x", {6, 5}, 1), target = b.target("target", {6}, 3);
  b.cross_entropy(b.apply("out", Op::mm, {middle(b, x, w), head}, {0, 1}), target);
  return std::move(b).finish();
}

TEST(Gradient, OfALinearLayer) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    return b.apply("h", Op::mm, {x, w}, {0, 1});
  }));
}

TEST(Gradient, OfAValueThatIsReadTwice) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    const BufferId h = b.apply("h", Op::mm, {x, w}, {0, 1});
    return b.apply("sum", Op::add, {b.apply("act", Op::tanh, {h}), h});
  }));
}

TEST(Gradient, OfAValueThatIsAddedToItself) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    const BufferId h = b.apply("h", Op::mm, {x, w}, {0, 1});
    return b.apply("twice", Op::add, {h, h});
  }));
}

TEST(Gradient, OfAWeightThatIsUsedTwice) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    const BufferId h = b.apply("act", Op::silu, {b.apply("h", Op::mm, {x, w}, {0, 1})});
    return b.apply("again", Op::mm, {h, w}, {0, 1});
  }));
}

TEST(Gradient, OfEveryActivation) {
  for (Op op : {Op::gelu, Op::gelu_tanh, Op::silu, Op::tanh, Op::sigmoid}) {
    SCOPED_TRACE(row_of(op).name);
    expect_true_gradients(around([op](Builder& b, BufferId x, BufferId w) {
      return b.apply("act", op, {b.apply("h", Op::mm, {x, w}, {0, 1})});
    }));
  }
}

TEST(Gradient, OfALinearLayerThatIsOneOpWithItsGelu) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    return b.apply_all("act", Op::addmm_gelu_tanh, {x, w, b.parameter("bias", {5}, 0.8F)}, {1})[0];
  }));
}

/// Smooth all the way: pooling, whose largest value may change, is tested as an op.
TEST(Gradient, OfConvolutionsAndBatchNorms) {
  for (const bool bias : {false, true}) {
    Builder b({.seed = 7, .batches = 1});
    std::vector<BufferId> weights;
    std::vector<Shape> shapes{{3, 2, 3, 3}, {2, 3, 3, 3}, {3, 24}};
    if (bias) shapes.insert(shapes.end(), {{3}, {2}});
    for (const Shape& shape : shapes) weights.push_back(b.parameter("w", shape, 0.5F));
    const TensorType pair{{2}, DType::f32};
    const BufferId mean = b.constant("mean", pair, Op::fill, {0}),
                   variance = b.constant("variance", pair, Op::fill, {1});
    const BufferId steps = b.constant("steps", {{}, DType::i64}, Op::positions);
    const BufferId x = b.input("x", {4, 2, 3, 4}, 1), target = b.target("target", {4}, 3);
    const auto convolve = [&](BufferId image, std::size_t layer) {
      std::vector<BufferId> operands{image, weights[layer]};
      if (bias) operands.push_back(weights[3 + layer]);
      return b.apply("conv", Op::conv2d, std::move(operands), {1, 1});
    };
    BufferId h = b.apply("act", Op::tanh, {convolve(x, 0)});
    h = convolve(h, 1);
    h = b.apply_updating(
        "norm", Op::batch_norm,
        {h, b.parameter("w", {2}, 0.25F, 1), b.parameter("bias", {2}, 0.25F), mean, variance, steps}, 3,
        {1e-5, 0.1})[0];
    b.cross_entropy(b.apply("out", Op::mm, {h, weights[2]}, {0, 1}), target);
    expect_true_gradients(std::move(b).finish(), 12);
  }
}

TEST(Gradient, OfStridesStatisticsThatStandStillAndMeans) {
  Builder b({.seed = 7, .batches = 1});
  const BufferId first = b.parameter("first", {3, 2, 3, 3}, 0.5F),
                 second = b.parameter("second", {4, 3, 1, 1}, 0.5F), head = b.parameter("head", {3, 4}, 0.5F);
  const TensorType triple{{3}, DType::f32};
  const BufferId mean = b.constant("mean", triple, Op::fill, {0.1}),
                 variance = b.constant("variance", triple, Op::fill, {0.5});
  const BufferId x = b.input("x", {4, 2, 7, 6}, 1), target = b.target("target", {4}, 3);
  BufferId h = b.apply("conv", Op::conv2d, {x, first}, {2, 1});
  h = b.apply("norm", Op::batch_norm_frozen,
              {h, b.parameter("w", {3}, 0.25F, 1), b.parameter("bias", {3}, 0.25F), mean, variance}, {1e-5});
  h = b.apply("again", Op::conv2d, {b.apply("act", Op::tanh, {h}), second}, {2, 0});
  h = b.apply("pool", Op::mean_places, {b.apply("act", Op::tanh, {h})});
  b.cross_entropy(b.apply("out", Op::mm, {h, head}, {0, 1}), target);
  expect_true_gradients(std::move(b).finish(), 12);
}

TEST(Gradient, OfABatchNormOfRows) {
  const auto norm = [](Builder& b, BufferId x, bool training) {
    const TensorType each{{5}, DType::f32};
    std::vector<BufferId> operands{x, b.parameter("weight", {5}, 0.25F, 1), b.parameter("bias", {5}, 0.25F),
                                   b.constant("mean", each, Op::fill, {0.1}),
                                   b.constant("variance", each, Op::fill, {0.5})};
    if (!training) return b.apply("norm", Op::batch_norm_frozen, std::move(operands), {1e-5});
    operands.push_back(b.constant("steps", {{}, DType::i64}, Op::positions));
    return b.apply_updating("norm", Op::batch_norm, std::move(operands), 3, {1e-5, 0.1})[0];
  };
  for (const bool training : {true, false}) {
    expect_true_gradients(around([&](Builder& b, BufferId x, BufferId w) {
      return b.apply("act", Op::tanh, {norm(b, b.apply("h", Op::mm, {x, w}, {0, 1}), training)});
    }));
  }
}

TEST(Gradient, OfASumThatOverwritesAnOperand) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    const BufferId h = b.apply("act", Op::tanh, {b.apply("h", Op::mm, {x, w}, {0, 1})});
    const BufferId again = b.apply("again", Op::mm, {h, w}, {0, 1});
    return b.apply("end", Op::silu, {b.apply_in_place(Op::add, {again, h})});
  }));
}

TEST(Gradient, OfAnEmbeddingAndOfWhatIsAddedToEveryRow) {
  expect_true_gradients(around([](Builder& b, BufferId x, BufferId w) {
    const BufferId ids = b.target("ids", {6}, 5);
    const BufferId row = b.parameter("row", {1, 5}, 0.8F);
    const BufferId embedded = b.apply("embedded", Op::embedding, {w, ids}, {6, 0});
    return b.apply("sum", Op::add_broadcast, {b.apply("both", Op::add, {embedded, x}), row});
  }));
}

}  // namespace
}  // namespace memsweep
