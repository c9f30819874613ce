// The derived backward pass against differences of the loss, on the cpu device.

#include <functional>

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

}  // namespace
}  // namespace memsweep
