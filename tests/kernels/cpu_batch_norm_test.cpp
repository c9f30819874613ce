#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

/// Per channel, over images and places; `x` holds `channels` channels of `area` places.
Doubles batch_norm(const Doubles& x, const Doubles& w, const Doubles& bias, std::size_t area) {
  const std::size_t channels = w.size();
  Doubles y(x.size());
  for (std::size_t c = 0; c < channels; ++c) {
    Doubles channel;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (i / area % channels == c) channel.push_back(x[i]);
    const Doubles weights(channel.size(), w[c]), biases(channel.size(), bias[c]);
    const Doubles normed = reference::layer_norm(channel, weights, biases, 1e-5);
    std::size_t next = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (i / area % channels == c) y[i] = normed[next++];
  }
  return y;
}

/// Images, rows, images of one place; a batch of many rows and more channels than one strip of sums.
const std::vector<Shape> kShapes{{3, 2, 4, 5}, {7, 5}, {6, 3, 1, 1}, {17, 1030}};

std::size_t area_of(const Shape& shape) { return static_cast<std::size_t>(shape.flat() / shape[1]); }

Tensor filled(std::int64_t n, float value) {
  return Tensor({n}, std::vector<float>(static_cast<std::size_t>(n), value));
}

const std::vector<std::int64_t> kSteps{7};

/// Of a channel's values.
struct Moments {
  double n = 0, sum = 0, squares = 0;

  [[nodiscard]] double mean() const { return sum / n; }
  [[nodiscard]] double variance() const { return squares / n - mean() * mean(); }
};

Moments moments(const Tensor& x, std::size_t channel) {
  const Shape& shape = x.type().shape;
  Moments m;
  for (std::size_t i = 0; i < x.values().size(); ++i) {
    if (i / area_of(shape) % static_cast<std::size_t>(shape[1]) != channel) continue;
    const auto value = static_cast<double>(x.values()[i]);
    ++m.n;
    m.sum += value;
    m.squares += value * value;
  }
  return m;
}

TEST(CpuBatchNorm, NormalisesEachChannelAndMovesItsStatistics) {
  for (const Shape& shape : kShapes) {
    const std::int64_t channels = shape[1];
    const auto x = random_tensor(shape, 1, 2, 3), w = random_tensor({channels}, 2),
               bias = random_tensor({channels}, 3);
    const auto mean = random_tensor({channels}, 4), variance = random_tensor({channels}, 5, 0.5f, 1);
    const auto y = run({Op::batch_norm, {1e-5, 0.25}, {x, w, bias, mean, variance, Tensor(Shape{}, kSteps)}});
    const auto expected =
        batch_norm(doubles(x.values()), doubles(w.values()), doubles(bias.values()), area_of(shape));
    expect_near(y[0].values(), expected, 4e-6);
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
      const Moments m = moments(x, c);
      EXPECT_NEAR(y[1].values()[c], m.mean(), 1e-6);
      EXPECT_NEAR(y[2].values()[c], 1 / std::sqrt(m.variance() + 1e-5), 2e-6);
      EXPECT_NEAR(y[3].values()[c], 0.75 * static_cast<double>(mean.values()[c]) + 0.25 * m.mean(), 1e-6);
      EXPECT_NEAR(y[4].values()[c],
                  0.75 * static_cast<double>(variance.values()[c]) + 0.25 * m.variance() * m.n / (m.n - 1),
                  2e-6);
    }
    EXPECT_EQ(y[5].values<std::int64_t>()[0], 8);
  }
}

TEST(CpuBatchNorm, FrozenTakesTheStatisticsThatRun) {
  for (const Shape& shape : kShapes) {
    const std::int64_t channels = shape[1];
    const auto x = random_tensor(shape, 1), w = random_tensor({channels}, 2),
               bias = random_tensor({channels}, 3);
    const auto mean = random_tensor({channels}, 4), variance = random_tensor({channels}, 5, 0.5f, 1);
    const auto y = run({Op::batch_norm_frozen, {1e-5}, {x, w, bias, mean, variance}});
    Doubles expected;
    for (std::size_t i = 0; i < x.values().size(); ++i) {
      const std::size_t c = i / area_of(shape) % static_cast<std::size_t>(channels);
      const double deviation = std::sqrt(static_cast<double>(variance.values()[c]) + 1e-5);
      expected.push_back(static_cast<double>(x.values()[i] - mean.values()[c]) / deviation *
                             static_cast<double>(w.values()[c]) +
                         static_cast<double>(bias.values()[c]));
      EXPECT_EQ(y[1].values()[c], mean.values()[c]);
      EXPECT_NEAR(y[2].values()[c], 1 / deviation, 1e-6);
    }
    expect_near(y[0].values(), expected, 2e-6);
  }
}

/// Of x, w and bias: of images in one op, of rows in two.
std::vector<Tensor> backward(const Shape& shape, double training, const std::vector<Tensor>& operands) {
  if (shape.elements() != shape[0] * shape[1]) return run({Op::batch_norm_backward, {training}, operands});
  const auto sums = run({Op::batch_norm_sums, {}, operands});
  auto all = operands;
  all.insert(all.end(), {sums[0], sums[1]});
  return {run({Op::batch_norm_elements, {training}, all})[0], sums[2], sums[3]};
}

TEST(CpuBatchNorm, BackwardIsTheGradientOfForward) {
  for (const Shape& shape : {Shape{3, 2, 4, 5}, {7, 5}, {6, 3, 1, 1}}) {
    const std::int64_t channels = shape[1];
    const auto x = random_tensor(shape, 1), grad = random_tensor(shape, 2);
    const auto w = random_tensor({channels}, 3), bias = random_tensor({channels}, 4);
    const auto forward =
        run({Op::batch_norm,
             {1e-5, 0.1},
             {x, w, bias, filled(channels, 0), filled(channels, 0), Tensor(Shape{}, kSteps)}});
    const auto actual = backward(shape, 1, {grad, x, w, forward[1], forward[2]});
    const auto along = [&](const Doubles& x0, const Doubles& w0, const Doubles& bias0) {
      const auto y = batch_norm(x0, w0, bias0, area_of(shape));
      double sum = 0;
      for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(grad.values()[i]) * y[i];
      return sum;
    };
    const auto x0 = doubles(x.values()), w0 = doubles(w.values()), bias0 = doubles(bias.values());
    expect_near(actual[0].values(), gradient([&](const Doubles& m) { return along(m, w0, bias0); }, x0),
                5e-6);
    expect_near(actual[1].values(), gradient([&](const Doubles& m) { return along(x0, m, bias0); }, w0),
                5e-6);
    expect_near(actual[2].values(), gradient([&](const Doubles& m) { return along(x0, w0, m); }, bias0),
                5e-6);
  }
}

TEST(CpuBatchNorm, BackwardOfFrozenStatisticsOnlyScales) {
  for (const Shape& shape : {Shape{3, 2, 4, 5}, {7, 5}}) {
    const auto x = random_tensor(shape, 1), grad = random_tensor(shape, 2);
    const auto w = random_tensor({shape[1]}, 3), mean = random_tensor({shape[1]}, 4),
               rstd = random_tensor({shape[1]}, 5, 0.5f, 1);
    const auto frozen = backward(shape, 0, {grad, x, w, mean, rstd}),
               training = backward(shape, 1, {grad, x, w, mean, rstd});
    Doubles dx;
    for (std::size_t i = 0; i < x.values().size(); ++i) {
      const std::size_t c = i / area_of(shape) % static_cast<std::size_t>(shape[1]);
      dx.push_back(static_cast<double>(grad.values()[i]) * static_cast<double>(w.values()[c]) *
                   static_cast<double>(rstd.values()[c]));
    }
    expect_near(frozen[0].values(), dx, 1e-6);
    EXPECT_TRUE(frozen[1].same_bits(training[1]));
    EXPECT_TRUE(frozen[2].same_bits(training[2]));
  }
}

}  // namespace
}  // namespace memsweep
