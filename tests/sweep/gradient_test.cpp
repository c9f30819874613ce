// The derived backward pass against differences of the loss, on the cpu device.

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/sweep/execution.h"

namespace memsweep {
namespace {

/// Runs one program on cpu, and lets weights be moved.
class Model {
 public:
  explicit Model(Program program)
      : schedule_(std::move(program)),
        device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        execution_(*device_, allocator_, {}) {
    execution_.on_phase_end([this](std::int64_t, Phase phase) {
      if (phase == Phase::loss) loss_ = *values(schedule_.program.loss);
      if (phase == Phase::backward) gradient_ = values(schedule_.program.parameters[0].gradient)[watched_];
    });
    execution_.set_up(schedule_);
  }

  [[nodiscard]] std::int64_t weights() const {
    return schedule_.program.type(schedule_.program.parameters[0].weight).shape.elements();
  }

  /// The derived gradient of the first parameter's element i.
  double derived(std::size_t i) {
    watched_ = i;
    run();
    return gradient_;
  }

  /// The same from the loss on both sides.
  double by_differences(std::size_t i) {
    constexpr float kStep = 1e-2F;
    float& weight = values(schedule_.program.parameters[0].weight)[i];
    const float middle = weight;
    weight = middle + kStep;
    const double above = run();
    weight = middle - kStep;
    const double below = run();
    weight = middle;
    return (above - below) / (2 * kStep);
  }

 private:
  float* values(BufferId id) { return reinterpret_cast<float*>(execution_.address(id)); }

  double run() {
    execution_.step(schedule_, ++step_);
    return loss_;
  }

  Schedule schedule_;
  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Execution execution_;
  std::int64_t step_ = 0;
  std::size_t watched_ = 0;
  double loss_ = 0;
  double gradient_ = 0;
};

void expect_true_gradients(Program forward) {
  Program program = differentiate(std::move(forward));
  append_zero_grad(program);
  verify(program);
  Model model(std::move(program));
  for (std::size_t i = 0; i < static_cast<std::size_t>(model.weights()); ++i) {
    const double truth = model.by_differences(i);
    EXPECT_NEAR(model.derived(i), truth, 2e-3 + 0.01 * std::abs(truth)) << "weight " << i;
  }
}

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
