// What clipping is made of: norms of one tensor and of many at once, and steps of scalars.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/norm_chunks.h"
#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kOrders[] = {1, 2, 3, kInfinity};

double norm_of(const Tensor& x, double p) {
  double sum = 0;
  for (const float value : x.values()) {
    const double a = std::abs(static_cast<double>(value));
    sum = std::isinf(p) ? std::max(sum, a) : sum + std::pow(a, p);
  }
  return std::isinf(p) ? sum : std::pow(sum, 1 / p);
}

/// Smaller than a chunk, one chunk, and several with a rest.
std::vector<Tensor> ragged() {
  return {random_tensor({7}, 1), random_tensor({1, kNormChunk}, 2), random_tensor({3, kNormChunk + 5}, 3),
          random_tensor({}, 4)};
}

TEST(CpuNorms, OfOneTensor) {
  for (const double p : kOrders) {
    for (const Tensor& x : ragged())
      expect_near(run({Op::norm, {p}, {x}})[0].values(), {norm_of(x, p)}, 2e-7 * norm_of(x, p));
  }
}

TEST(CpuNorms, OfManyTensorsAtOnceAreThoseOfEach) {
  for (const double p : kOrders) {
    for (const double packed : {0.0, 1.0}) {
      const auto norms = run({Op::join_norms, {p, kF32}, run({Op::chunk_norms, {p, packed}, ragged()})});
      ASSERT_EQ(norms.size(), ragged().size());
      for (std::size_t i = 0; i < norms.size(); ++i) {
        const double expected = norm_of(ragged()[i], p);
        expect_near(norms[i].values(), {expected}, 1e-6 * expected);
      }
    }
  }
}

TEST(CpuNorms, PartialResultsArePaddedToTheLargestTensorOrPacked) {
  const auto padded = run({Op::chunk_norms, {2, 0}, ragged()});
  ASSERT_EQ(padded.size(), 1u);
  EXPECT_EQ(padded[0].type().shape, (Shape{4, 4}));
  const auto packed = run({Op::chunk_norms, {2, 1}, ragged()});
  ASSERT_EQ(packed.size(), 2u);
  const auto first = packed[0].values<std::int64_t>();
  EXPECT_EQ(std::vector(first.begin(), first.end()), (std::vector<std::int64_t>{0, 1, 2, 6, 7}));
  EXPECT_EQ(packed[1].type().shape, Shape{7});
}

TEST(CpuNorms, KeepNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const double p : kOrders) {
    for (const auto& values : {std::vector<float>{nan, 1}, std::vector<float>{1, nan}}) {
      const Tensor x({2}, values);
      EXPECT_TRUE(std::isnan(run({Op::norm, {p}, {x}})[0].values()[0])) << p;
      const auto joined = run({Op::join_norms, {p, kF32}, run({Op::chunk_norms, {p, 1}, {x}})});
      EXPECT_TRUE(std::isnan(joined[0].values()[0])) << p;
    }
  }
}

TEST(CpuNorms, StackPutsScalarsInARow) {
  const auto a = random_tensor({}, 1), b = random_tensor({}, 2);
  const auto row = run({Op::stack, {}, {a, b}});
  expect_near(row[0].values(), {a.values()[0], b.values()[0]}, 0);
}

TEST(CpuNorms, StepsOfTheCoefficient) {
  const std::vector<float> values{0.5f, 2, 4};
  const Tensor x({3}, values), factor({}, std::vector<float>{0.25f});
  expect_near(run({Op::add_number, {1}, {x}})[0].values(), {1.5, 3, 5}, 0);
  expect_near(run({Op::reciprocal, {}, {x}})[0].values(), {2, 0.5, 0.25}, 0);
  expect_near(run({Op::clamp_max, {1}, {x}})[0].values(), {0.5, 1, 1}, 0);
  expect_near(run({Op::scale_by, {}, {x, factor}, {0}})[0].values(), {0.125, 0.5, 1}, 0);
}

TEST(CpuNorms, ClampKeepsNaN) {
  const Tensor x({1}, std::vector<float>{std::numeric_limits<float>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(run({Op::clamp_max, {1}, {x}})[0].values()[0]));
}

}  // namespace
}  // namespace memsweep
