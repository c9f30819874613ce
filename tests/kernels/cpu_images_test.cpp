#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

struct Size {
  std::int64_t images, in, out, height, width, kernel;

  [[nodiscard]] Shape x() const { return {images, in, height, width}; }
  [[nodiscard]] Shape y() const { return {images, out, height, width}; }
  [[nodiscard]] Shape w() const { return {out, in, kernel, kernel}; }
};
// One pixel; narrower than the kernel; odd sizes; 1x1 and 5x5 kernels.
constexpr Size kSizes[] = {{1, 1, 1, 1, 1, 3}, {2, 3, 4, 2, 1, 3}, {3, 2, 5, 7, 9, 3},
                           {2, 3, 2, 4, 5, 1}, {1, 2, 3, 6, 5, 5}, {2, 8, 16, 33, 17, 3}};

std::size_t place(const Shape& shape, std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
  return static_cast<std::size_t>(((n * shape[1] + c) * shape[2] + y) * shape[3] + x);
}

/// Calls visit(place in y, place in x, place in w) for each product that a convolution sums up.
template <class Visit>
void for_each_product(const Size& s, const Visit& visit) {
  for (std::int64_t n = 0; n < s.images; ++n)
    for (std::int64_t o = 0; o < s.out; ++o)
      for (std::int64_t y = 0; y < s.height; ++y)
        for (std::int64_t x = 0; x < s.width; ++x)
          for (std::int64_t c = 0; c < s.in; ++c)
            for (std::int64_t i = 0; i < s.kernel; ++i)
              for (std::int64_t j = 0; j < s.kernel; ++j) {
                const std::int64_t from_y = y + i - s.kernel / 2, from_x = x + j - s.kernel / 2;
                if (from_y < 0 || from_y >= s.height || from_x < 0 || from_x >= s.width) continue;
                visit(place(s.y(), n, o, y, x), place(s.x(), n, c, from_y, from_x), place(s.w(), o, c, i, j));
              }
}

TEST(CpuImages, AConvolutionSumsThePatchesUnderItsKernel) {
  for (const Size& s : kSizes) {
    const auto x = random_tensor(s.x(), 1), w = random_tensor(s.w(), 2), bias = random_tensor({s.out}, 3);
    Doubles expected(static_cast<std::size_t>(s.y().elements()));
    for_each_product(s, [&](auto y_at, auto x_at, auto w_at) {
      expected[y_at] += static_cast<double>(x.values()[x_at]) * static_cast<double>(w.values()[w_at]);
    });
    expect_near(run({Op::conv2d, {}, {x, w}})[0].values(), expected, 4e-6);
    const auto area = static_cast<std::size_t>(s.height * s.width), out = static_cast<std::size_t>(s.out);
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] += static_cast<double>(bias.values()[i / area % out]);
    expect_near(run({Op::conv2d, {}, {x, w, bias}})[0].values(), expected, 4e-6);
  }
}

TEST(CpuImages, ItsGradientsAreThoseOfTheSums) {
  for (const Size& s : kSizes) {
    const auto x = random_tensor(s.x(), 1), w = random_tensor(s.w(), 2), grad = random_tensor(s.y(), 3);
    Doubles dx(static_cast<std::size_t>(s.x().elements())), dw(static_cast<std::size_t>(s.w().elements()));
    for_each_product(s, [&](auto y_at, auto x_at, auto w_at) {
      const double g = grad.values()[y_at];
      dx[x_at] += g * static_cast<double>(w.values()[w_at]);
      dw[w_at] += g * static_cast<double>(x.values()[x_at]);
    });
    const auto made = run({Op::conv2d_backward_input, {}, {grad, w}});
    expect_near(made[0].values(), dx, 4e-6);
    const auto kernel = static_cast<double>(s.kernel);
    const auto alone = run({Op::conv2d_backward_weight, {kernel}, {grad, x}})[0];
    expect_near(alone.values(), dw, 1e-5);
    EXPECT_TRUE(run({Op::conv2d_backward_weight, {kernel}, {grad, x, made[1]}})[0].same_bits(alone));
  }
}

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

// Of a tensor of 3 images, 2 channels and 4 x 5 places.
constexpr std::size_t kArea = 20, kValues = 60;  // of a channel: in one image, in all

TEST(CpuImages, BatchNormNormalisesEachChannelAndMovesItsStatistics) {
  const auto x = random_tensor({3, 2, 4, 5}, 1, 2, 3), w = random_tensor({2}, 2),
             bias = random_tensor({2}, 3);
  const std::vector<float> mean{0, 1}, variance{1, 2};
  const std::vector<std::int64_t> steps{7};
  const auto y = run({Op::batch_norm,
                      {1e-5, 0.25},
                      {x, w, bias, Tensor({2}, mean), Tensor({2}, variance), Tensor(Shape{}, steps)}});
  expect_near(y[0].values(),
              batch_norm(doubles(x.values()), doubles(w.values()), doubles(bias.values()), kArea), 2e-6);
  for (std::size_t c = 0; c < 2; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < x.values().size(); ++i)
      if (i / kArea % 2 == c) sum += static_cast<double>(x.values()[i]);
    const double middle = sum / kValues;
    for (std::size_t i = 0; i < x.values().size(); ++i)
      if (i / kArea % 2 == c) squares += std::pow(static_cast<double>(x.values()[i]) - middle, 2);
    EXPECT_NEAR(y[1].values()[c], middle, 1e-6);
    EXPECT_NEAR(y[2].values()[c], 1 / std::sqrt(squares / kValues + 1e-5), 1e-6);
    EXPECT_NEAR(y[3].values()[c], 0.75 * static_cast<double>(mean[c]) + 0.25 * middle, 1e-6);
    EXPECT_NEAR(y[4].values()[c], 0.75 * static_cast<double>(variance[c]) + 0.25 * squares / (kValues - 1),
                1e-6);
  }
  EXPECT_EQ(y[5].values<std::int64_t>()[0], 8);
}

TEST(CpuImages, BatchNormBackwardIsTheGradientOfForward) {
  const auto x = random_tensor({3, 2, 4, 5}, 1), grad = random_tensor({3, 2, 4, 5}, 2);
  const auto w = random_tensor({2}, 3), bias = random_tensor({2}, 4);
  const std::vector<float> zeros{0, 0};
  const std::vector<std::int64_t> steps{0};
  const auto forward = run({Op::batch_norm,
                            {1e-5, 0.1},
                            {x, w, bias, Tensor({2}, zeros), Tensor({2}, zeros), Tensor(Shape{}, steps)}});
  const auto actual = run({Op::batch_norm_backward, {}, {grad, x, w, forward[1], forward[2]}});
  const auto along = [&](const Doubles& x0, const Doubles& w0, const Doubles& bias0) {
    const auto y = batch_norm(x0, w0, bias0, kArea);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(grad.values()[i]) * y[i];
    return sum;
  };
  const auto x0 = doubles(x.values()), w0 = doubles(w.values()), bias0 = doubles(bias.values());
  expect_near(actual[0].values(), gradient([&](const Doubles& m) { return along(m, w0, bias0); }, x0), 5e-6);
  expect_near(actual[1].values(), gradient([&](const Doubles& m) { return along(x0, m, bias0); }, w0), 5e-6);
  expect_near(actual[2].values(), gradient([&](const Doubles& m) { return along(x0, w0, m); }, bias0), 5e-6);
}

TEST(CpuImages, AChannelIsSummedOverAllImages) {
  const auto x = random_tensor({3, 2, 4, 5}, 1);
  Doubles expected(2);
  for (std::size_t i = 0; i < x.values().size(); ++i)
    expected[i / kArea % 2] += static_cast<double>(x.values()[i]);
  expect_near(run({Op::sum_channels, {}, {x}})[0].values(), expected, 1e-7);
}

TEST(CpuImages, PoolingTakesTheLargestOfFourAndSendsItsGradientBackThere) {
  const auto x = random_tensor({2, 3, 5, 7}, 1), grad = random_tensor({2, 3, 2, 3}, 2);
  const auto y = run({Op::max_pool, {}, {x}});
  const auto dx = run({Op::max_pool_backward, {5, 7}, {grad, y[1]}})[0];
  Doubles expected(x.values().size());
  for (std::int64_t plane = 0; plane < 6; ++plane) {
    for (std::int64_t i = 0; i < 2; ++i) {
      for (std::int64_t j = 0; j < 3; ++j) {
        std::size_t best = place(x.type().shape, 0, plane, 2 * i, 2 * j);
        for (const auto at : {best + 1, best + 7, best + 8})
          if (x.values()[at] > x.values()[best]) best = at;
        const std::size_t out = place(grad.type().shape, 0, plane, i, j);
        EXPECT_EQ(y[0].values()[out], x.values()[best]);
        expected[best] = static_cast<double>(grad.values()[out]);
      }
    }
  }
  expect_near(dx.values(), expected, 0);
}

}  // namespace
}  // namespace memsweep
