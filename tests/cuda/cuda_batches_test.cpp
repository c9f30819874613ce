// Ops over more operands than one launch takes, and over operands of several chunks.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/norm_chunks.h"
#include "tests/cuda/hosted.h"
#include "tests/kernels/half_operands.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor scalar(float value) { return {Shape{}, std::vector<float>{value}}; }

/// Of all lengths, one of two chunks among them.
std::vector<Tensor> many_vectors() {
  std::vector<Tensor> list;
  for (std::uint64_t i = 0; i < 120; ++i)
    list.push_back(random_tensor({i == 70 ? kNormChunk + 5 : static_cast<std::int64_t>(i) + 1}, i));
  return list;
}

void expect_near(const std::vector<Tensor>& ours, const std::vector<Tensor>& expected) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t t = 0; t < ours.size(); ++t) {
    ASSERT_EQ(ours[t].type(), expected[t].type());
    if (ours[t].type().dtype == DType::i64) {
      EXPECT_TRUE(ours[t].same_bits(expected[t])) << t;
      continue;
    }
    const auto a = ours[t].values(), b = expected[t].values();
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5F * b[i]) << t << ", " << i;
  }
}

void expect_what_the_cpu_gives(const Example& example, const Multiprocessors& gpu = {}) {
  expect_near(run_on_gpu(example, 0, gpu), run(example));
}

TEST(CudaNorms, OfMoreOperandsThanALaunchTakes) {
  for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInfinity)}) {
    const auto padded = run({Op::chunk_norms, {p, 0}, many_vectors()});
    const auto packed = run({Op::chunk_norms, {p, 1}, many_vectors()});
    expect_near(run_on_gpu({Op::chunk_norms, {p, 0}, many_vectors()}), padded);
    expect_near(run_on_gpu({Op::chunk_norms, {p, 1}, many_vectors()}), packed);
    expect_what_the_cpu_gives({Op::join_norms, {p, kF32}, padded});
    expect_what_the_cpu_gives({Op::join_norms, {p, kF32}, packed});
  }
}

TEST(CudaNorms, OfOneLongVector) {
  for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInfinity)}) {
    const Example norm{Op::norm, {p}, {random_tensor({300'001}, 1)}};
    expect_what_the_cpu_gives(norm);
    expect_what_the_cpu_gives(norm, {.count = 132});
  }
}

TEST(CudaNorms, OfNanIsNan) {
  std::vector<float> values(40'000, 1);
  values[777] = std::numeric_limits<float>::quiet_NaN();
  for (const double p : {2.0, static_cast<double>(kInfinity)}) {
    const Tensor x({40'000}, values);
    EXPECT_TRUE(std::isnan(run_on_gpu({Op::norm, {p}, {x}})[0].values()[0]));
    EXPECT_TRUE(std::isnan(run_on_gpu({Op::chunk_norms, {p, 0}, {x}})[0].values()[0]));
  }
}

TEST(CudaStack, OfMoreScalarsThanALaunchTakes) {
  std::vector<Tensor> scalars;
  for (int i = 0; i < 400; ++i) scalars.push_back(scalar(static_cast<float>(i)));
  EXPECT_TRUE(run_on_gpu({Op::stack, {}, scalars})[0].same_bits(run({Op::stack, {}, scalars})[0]));
}

TEST(CudaLossScaling, InfinityOrNanInAnyOfManyOperandsIsFound) {
  const auto found = [](const Tensor& last, float found_before) {
    std::vector<Tensor> operands = many_vectors();
    std::vector<std::size_t> in_place(operands.size() + 2);
    for (std::size_t i = 0; i < in_place.size(); ++i) in_place[i] = i;
    operands.push_back(last);
    operands.push_back(scalar(found_before));
    operands.push_back(scalar(0.25F));
    const Example example{Op::check_and_unscale, {}, operands, in_place};
    const auto ours = run_on_gpu(example), expected = run(example);
    for (std::size_t i = 0; i + 2 < ours.size(); ++i) EXPECT_TRUE(ours[i].same_bits(expected[i])) << i;
    return ours.back().values()[0];
  };
  EXPECT_EQ(found(scalar(1), 0), 0);
  EXPECT_EQ(found(scalar(1), 1), 1);
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(found(scalar(bad), 0), 1) << bad;
  }
}

TEST(CudaQuantise, TiesAndBordersFallAsOnTheCpu) {
  for (const double is_signed : {0.0, 1.0}) {
    const Tensor book = run({Op::code_book, {is_signed}, {}})[0];
    std::vector<float> x;
    for (std::size_t i = 0; i + 1 < 256; ++i) {
      const float middle = (book.values()[i] + book.values()[i + 1]) / 2;
      for (const float value : {middle, std::nextafter(middle, -1.0F), std::nextafter(middle, 1.0F)}) {
        x.push_back(value);
        if (x.size() % 256 == 0) x.push_back(1);  // so that each block's scale is 1
      }
    }
    const Tensor values({static_cast<std::int64_t>(x.size())}, x);
    const auto ours = run_on_gpu({Op::quantise, {}, {values, book}}),
               expected = run({Op::quantise, {}, {values, book}});
    EXPECT_TRUE(ours[0].same_bits(expected[0]));
    EXPECT_TRUE(ours[1].same_bits(expected[1]));
  }
}

}  // namespace
}  // namespace memsweep
