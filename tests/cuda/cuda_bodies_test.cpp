#include "kernels/cuda/bodies.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "kernels/half.h"
#include "tests/cuda/hosted.h"
#include "tests/kernels/examples.h"
#include "tests/kernels/half_operands.h"

namespace memsweep {
namespace {

using namespace testing;

/// Values drawn, moved or looked up are the same on every device.
bool is_exact(Op op) {
  constexpr std::array kOps{Op::uniform,   Op::fill,     Op::dropout,    Op::clone,      Op::transfer,
                            Op::code_book, Op::quantise, Op::dequantise, Op::zeros_like, Op::cast,
                            Op::copy,      Op::relu,     Op::maximum,    Op::add,        Op::stack};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

bool has_values(const Tensor& x) { return x.type().dtype == DType::f32 || is_half(x); }

std::vector<float> values_of(const Tensor& x) {
  const Tensor wide = is_half(x) ? cast_to(x, kF32) : x;
  return {wide.values().begin(), wide.values().end()};
}

/// Without cuDNN their columns, and sums of images, are of the operands' type on a GPU; sums that go into
/// gelu are where cuBLASLt has no epilogue.
bool is_rounded_on_its_way(Op op) {
  return op == Op::conv2d_backward_input || op == Op::conv2d_backward_weight || op == Op::addmm_gelu_tanh;
}

/// How far a value of that size may be off: sums run in another order, and are rounded once more.
float tolerance(float value, DType type, Op op) {
  const float size = std::abs(value), step = type == DType::bf16  ? 0x1p-7F
                                             : type == DType::f16 ? 0x1p-10F
                                                                  : 0;
  const float sums = op == Op::conv2d_backward_weight ? 4e-5F : 1e-5F;  // of thousands of products
  if (is_rounded_on_its_way(op)) return (sums + 4 * step) * std::max(1.0F, size);
  return 1e-5F * std::max(1.0F, size) + step * size;
}

void expect_near(const Tensor& ours, const Tensor& expected, Op op, const std::string& what) {
  const auto a = values_of(ours), b = values_of(expected);
  for (std::size_t i = 0; i < b.size(); ++i) {
    const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]));
    ASSERT_TRUE(same || std::abs(a[i] - b[i]) <= tolerance(b[i], expected.type().dtype, op))
        << what << ", element " << i << ": " << a[i] << " instead of " << b[i];
  }
}

bool is_convolution(Op op) {
  return op == Op::conv2d || op == Op::conv2d_backward_input || op == Op::conv2d_backward_weight;
}

/// A place for columns, which are not made where cuDNN convolves.
bool is_scratch(Op op, std::size_t output) { return op == Op::conv2d_backward_input && output == 1; }

void expect_what_the_cpu_gives(const Example& example, const std::vector<Tensor>& ours) {
  const auto expected = run(example);
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto what = std::string(row_of(example.op).name) + ", output " + std::to_string(i) + " of type " +
                      std::string(name_of(expected[i].type().dtype));
    ASSERT_EQ(ours[i].type(), expected[i].type()) << what;
    if (is_scratch(example.op, i)) continue;
    if (has_values(ours[i]) && !is_exact(example.op)) {
      expect_near(ours[i], expected[i], example.op, what);
    } else {
      EXPECT_TRUE(ours[i].same_bits(expected[i])) << what;
    }
  }
}

struct Size {
  std::int64_t rows, columns;
};
/// Less than a thread's eight elements, no multiple of them, and whole threads and warps.
constexpr Size kWholeThreads{64, 48};
constexpr std::array kSizes{Size{2, 3}, Size{65, 33}, kWholeThreads};

TEST(CudaBodies, EveryOpHasABody) {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    EXPECT_NE(cuda_body(static_cast<Op>(i)), nullptr) << row_of(static_cast<Op>(i)).name;
  }
}

std::vector<Example> examples(DType type, std::span<const Size> sizes) {
  std::vector<Example> list;
  for (const auto [rows, columns] : sizes) {
    for (const Example& example : examples_of_every_op(rows, columns)) {
      if (cuda_body(example.op) == nullptr) continue;  // EveryOpHasABody says so
      if (type == DType::f32) {
        list.push_back(example);
      } else if (!has_types_of_its_own(example.op)) {
        list.push_back(in_type(example, static_cast<double>(type)));
      }
    }
  }
  return list;
}

class CudaBodiesOf : public ::testing::TestWithParam<DType> {};

TEST_P(CudaBodiesOf, GiveWhatTheCpuGives) {
  for (const Example& example : examples(GetParam(), kSizes))
    expect_what_the_cpu_gives(example, run_on_gpu(example));
}

TEST_P(CudaBodiesOf, GiveTheSameWithWorkspaces) {
  for (const Example& example : examples(GetParam(), {&kWholeThreads, 1}))
    expect_what_the_cpu_gives(example, run_on_gpu(example, 0, {.count = 132}));
}

TEST_P(CudaBodiesOf, GiveTheSameAtAddressesOfOneElement) {
  for (const Example& example : examples(GetParam(), {&kWholeThreads, 1}))
    expect_what_the_cpu_gives(example, run_on_gpu(example, 1));
}

TEST_P(CudaBodiesOf, ConvolveWithoutCudnn) {
  for (const Example& example : examples(GetParam(), kSizes)) {
    if (is_convolution(example.op))
      expect_what_the_cpu_gives(example, run_on_gpu(example, 0, {}, HostedGpu::get().without_cudnn()));
  }
}

INSTANTIATE_TEST_SUITE_P(Precision, CudaBodiesOf, ::testing::Values(DType::f32, DType::f16, DType::bf16),
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace memsweep
