#include <gtest/gtest.h>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

struct Size {
  std::int64_t images, in, out, height, width, kernel;
  std::int64_t stride = 1, padding = kernel / 2;

  [[nodiscard]] Shape x() const { return {images, in, height, width}; }
  [[nodiscard]] Shape y() const {
    return {images, out, (height + 2 * padding - kernel) / stride + 1,
            (width + 2 * padding - kernel) / stride + 1};
  }
  [[nodiscard]] Shape w() const { return {out, in, kernel, kernel}; }
  [[nodiscard]] std::vector<double> attributes() const {
    return {static_cast<double>(stride), static_cast<double>(padding)};
  }
};
// One pixel; narrower than the kernel; odd sizes; 1x1 and 5x5 kernels; strides, with and without padding,
// that see all of the image or leave its end out; a weight too large for a cache.
constexpr Size kSizes[] = {
    {1, 1, 1, 1, 1, 3},         {2, 3, 4, 2, 1, 3},        {3, 2, 5, 7, 9, 3},       {2, 3, 2, 4, 5, 1},
    {1, 2, 3, 6, 5, 5},         {2, 8, 16, 33, 17, 3},     {2, 3, 4, 7, 8, 3, 2, 1}, {2, 6, 5, 8, 7, 1, 2, 0},
    {2, 3, 8, 17, 23, 7, 2, 3}, {1, 2, 3, 9, 11, 3, 3, 0}, {2, 3, 2, 5, 6, 2, 1, 0}, {2, 3, 2, 3, 4, 1, 1, 1},
    {3, 9, 4, 16, 16, 1},       {1, 1, 2, 1, 1, 7, 2, 3},  {2, 128, 120, 4, 3, 3},   {2, 400, 360, 3, 4, 1}};

std::size_t place(const Shape& shape, std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
  return static_cast<std::size_t>(((n * shape[1] + c) * shape[2] + y) * shape[3] + x);
}

/// Calls visit(place in y, place in x, place in w) for each product that a convolution sums up.
template <class Visit>
void for_each_product(const Size& s, const Visit& visit) {
  const Shape result = s.y();
  for (std::int64_t n = 0; n < s.images; ++n)
    for (std::int64_t o = 0; o < s.out; ++o)
      for (std::int64_t y = 0; y < result[2]; ++y)
        for (std::int64_t x = 0; x < result[3]; ++x)
          for (std::int64_t c = 0; c < s.in; ++c)
            for (std::int64_t i = 0; i < s.kernel; ++i)
              for (std::int64_t j = 0; j < s.kernel; ++j) {
                const std::int64_t from_y = y * s.stride + i - s.padding,
                                   from_x = x * s.stride + j - s.padding;
                if (from_y < 0 || from_y >= s.height || from_x < 0 || from_x >= s.width) continue;
                visit(place(result, n, o, y, x), place(s.x(), n, c, from_y, from_x),
                      place(s.w(), o, c, i, j));
              }
}

TEST(CpuImages, AConvolutionSumsThePatchesUnderItsKernel) {
  for (const Size& s : kSizes) {
    const auto x = random_tensor(s.x(), 1), w = random_tensor(s.w(), 2), bias = random_tensor({s.out}, 3);
    Doubles expected(static_cast<std::size_t>(s.y().elements()));
    for_each_product(s, [&](auto y_at, auto x_at, auto w_at) {
      expected[y_at] += static_cast<double>(x.values()[x_at]) * static_cast<double>(w.values()[w_at]);
    });
    const auto y = run({Op::conv2d, s.attributes(), {x, w}})[0];
    EXPECT_EQ(y.type().shape, s.y());
    expect_near(y.values(), expected, 1e-5);
    const auto area = static_cast<std::size_t>(s.y()[2] * s.y()[3]), out = static_cast<std::size_t>(s.out);
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] += static_cast<double>(bias.values()[i / area % out]);
    expect_near(run({Op::conv2d, s.attributes(), {x, w, bias}})[0].values(), expected, 1e-5);
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
    std::vector<double> of_input = s.attributes(), of_weight = s.attributes();
    of_input.insert(of_input.end(), {static_cast<double>(s.height), static_cast<double>(s.width)});
    of_weight.insert(of_weight.begin(), static_cast<double>(s.kernel));
    const auto made = run({Op::conv2d_backward_input, of_input, {grad, w}});
    expect_near(made[0].values(), dx, 1e-5);
    const auto alone = run({Op::conv2d_backward_weight, of_weight, {grad, x}})[0];
    expect_near(alone.values(), dw, 1e-5);
    EXPECT_TRUE(run({Op::conv2d_backward_weight, of_weight, {grad, x, made[1]}})[0].same_bits(alone));
  }
}

TEST(CpuImages, AChannelIsSummedOverAllImages) {
  constexpr std::size_t kArea = 20;
  const auto x = random_tensor({3, 2, 4, 5}, 1);
  Doubles expected(2);
  for (std::size_t i = 0; i < x.values().size(); ++i)
    expected[i / kArea % 2] += static_cast<double>(x.values()[i]);
  expect_near(run({Op::sum_channels, {}, {x}})[0].values(), expected, 1e-7);
}

TEST(CpuImages, AMeanIsTakenOverPlacesAndItsGradientIsSpreadOverThem) {
  const auto x = random_tensor({3, 2, 4, 5}, 1), grad = random_tensor({3, 2}, 2);
  Doubles means(6), spread;
  for (std::size_t i = 0; i < x.values().size(); ++i) {
    means[i / 20] += static_cast<double>(x.values()[i]) / 20;
    spread.push_back(static_cast<double>(grad.values()[i / 20]) / 20);
  }
  expect_near(run({Op::mean_places, {}, {x}})[0].values(), means, 1e-7);
  expect_near(run({Op::mean_places_backward, {4, 5}, {grad}})[0].values(), spread, 1e-7);
}

struct Pool {
  std::int64_t kernel, stride, padding, height, width;  // of the result, from 5 x 7
};

TEST(CpuImages, PoolingTakesTheLargestUnderItsWindowAndSendsItsGradientBackThere) {
  constexpr std::int64_t kHeight = 5, kWidth = 7;
  for (const Pool& p : {Pool{2, 2, 0, 2, 3}, {3, 2, 1, 3, 4}, {3, 1, 0, 3, 5}, {1, 2, 0, 3, 4}}) {
    const auto x = random_tensor({2, 3, kHeight, kWidth}, 1),
               grad = random_tensor({2, 3, p.height, p.width}, 2);
    const auto pooled =
        run({Op::max_pool,
             {static_cast<double>(p.kernel), static_cast<double>(p.stride), static_cast<double>(p.padding)},
             {x}});
    ASSERT_EQ(pooled[0].type().shape, grad.type().shape);
    Doubles largest(grad.values().size()), dx(x.values().size());
    for (std::int64_t plane = 0; plane < 6; ++plane) {
      for (std::int64_t i = 0; i < p.height; ++i) {
        for (std::int64_t j = 0; j < p.width; ++j) {
          std::size_t best = x.values().size();
          for (std::int64_t y = i * p.stride - p.padding; y < i * p.stride - p.padding + p.kernel; ++y) {
            for (std::int64_t z = j * p.stride - p.padding; z < j * p.stride - p.padding + p.kernel; ++z) {
              if (y < 0 || y >= kHeight || z < 0 || z >= kWidth) continue;
              const std::size_t at = place(x.type().shape, 0, plane, y, z);
              if (best == x.values().size() || x.values()[at] > x.values()[best]) best = at;
            }
          }
          const std::size_t out = place(grad.type().shape, 0, plane, i, j);
          largest[out] = static_cast<double>(x.values()[best]);
          dx[best] += static_cast<double>(grad.values()[out]);
        }
      }
    }
    expect_near(pooled[0].values(), largest, 0);
    const auto back = run({Op::max_pool_backward, {kHeight, kWidth}, {grad, pooled[1]}});
    expect_near(back[0].values(), dx, 1e-6);
  }
}

}  // namespace
}  // namespace memsweep
