// Shapes at which kernels take other ways than at those of tests/kernels/examples.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/cuda/hosted.h"
#include "tests/kernels/half_operands.h"
#include "tests/kernels/operands.h"

namespace memsweep {
namespace {

using namespace testing;

/// Of the first outputs, all if there are no more.
void expect_what_the_cpu_gives(const Example& example, const Multiprocessors& gpu = {},
                               const CudaContext& context = HostedGpu::get().context(),
                               std::size_t outputs = SIZE_MAX) {
  const auto ours = run_on_gpu(example, 0, gpu, context), expected = run(example);
  for (std::size_t i = 0; i < std::min(outputs, expected.size()); ++i) {
    if (expected[i].type().dtype != DType::f32) continue;
    const auto a = ours[i].values(), b = expected[i].values();
    for (std::size_t j = 0; j < b.size(); ++j) {
      ASSERT_LE(std::abs(a[j] - b[j]), 2e-5F * std::max(1.0F, std::abs(b[j])))
          << row_of(example.op).name << ", output " << i << ", element " << j << ": " << a[j]
          << " instead of " << b[j];
    }
  }
}

TEST(CudaSums, PartsOfManyRowsAreSummedUpInWhatWasBorrowed) {
  const Multiprocessors gpu{.count = 132};
  const Example sums{Op::sum_rows, {}, {random_tensor({20'000, 10}, 1, 0.5F, 1)}};
  const std::vector<TensorType> x{sums.inputs[0].type()}, y{{{10}, DType::f32}};
  ASSERT_FALSE(row_of(Op::sum_rows).workspaces({Op::sum_rows, {}, x, y}, gpu).empty());
  expect_what_the_cpu_gives(sums, gpu);
  expect_what_the_cpu_gives(sums);
}

TEST(CudaSums, RowsLongerThanABlockAreSummedUp) {
  const Tensor x = random_tensor({3, 5000}, 1, 1, 10), w = random_tensor({5000}, 2);
  expect_what_the_cpu_gives({Op::softmax, {}, {x}});
  expect_what_the_cpu_gives({Op::log_softmax, {}, {x}});
  expect_what_the_cpu_gives({Op::layer_norm, {1e-5}, {x, w, w}});
  expect_what_the_cpu_gives({Op::sum_rows, {}, {x}});
}

TEST(CudaEmbedding, RowsOfOneIndexAreAddedUpWhereverTheyAre) {
  for (const std::int64_t vocabulary : {1, 40, 1000}) {
    const Tensor ids = random_targets(300, vocabulary, 2);
    expect_what_the_cpu_gives(
        {Op::embedding_backward, {static_cast<double>(vocabulary), 0}, {random_tensor({300, 1030}, 1), ids}});
  }
}

TEST(CudaEmbedding, SharesOfALargeTableMayHaveMoreRowsThanABlockRemembers) {
  constexpr std::int64_t kTable = 2050;  // a block sums up two indices
  struct Case {
    std::int64_t rows, used;  // indices
  };
  for (const auto [rows, used] : {Case{2500, 2}, Case{300, kTable}}) {
    expect_what_the_cpu_gives({Op::embedding_backward,
                               {static_cast<double>(kTable), 0},
                               {random_tensor({rows, 5}, 1), random_targets(rows, used, 2)}});
  }
}

/// Two heads of rows of `size` values; forward and backward.
void expect_attention(double p, std::int64_t length, std::int64_t size) {
  const auto tokens = static_cast<double>(length);
  const std::vector<double> attributes{2, tokens, p, 1, 2, 3, 4, 5};
  const Tensor qkv = random_tensor({2 * length, 6 * size}, 1, 2),
               grad = random_tensor({2 * length, 2 * size}, 2);
  Example forward{Op::attention, attributes, {qkv}};
  forward.step = 7;
  expect_what_the_cpu_gives(forward);
  const auto out = run(forward);
  const Tensor delta = run({Op::attention_delta, {2, tokens, 1}, {grad, out[0]}})[0];
  Example backward{
      Op::attention_backward, attributes, {grad, qkv, out[0], out[1], delta, grad, grad, grad}, {5, 6, 7}};
  backward.step = 7;
  expect_what_the_cpu_gives(backward);
}

TEST(CudaAttention, MayHaveAnyLengthAndSize) {
  for (const std::int64_t length : {1, 31, 70}) {
    for (const std::int64_t size : {5, 40}) expect_attention(0, length, size);
  }
  expect_attention(0, 9, 150);  // more columns than a warp sums up at once
}

TEST(CudaAttention, DropsWhatTheCpuDrops) { expect_attention(0.3, 70, 40); }

TEST(CudaProducts, ThirdsOfRowsAreMultipliedWhereTheyLie) {
  for (const std::int64_t batch : {2, 5}) {
    const Tensor qkv = random_tensor({batch * 6, 3 * 4 * 7}, 1);
    expect_what_the_cpu_gives({Op::bmm, {0, 1, 4, 6, 0, 1, 0}, {qkv, qkv}});
    expect_what_the_cpu_gives({Op::bmm, {1, 0, 4, 6, -1, 2, 0}, {random_tensor({batch, 4, 6, 6}, 2), qkv}});
  }
}

TEST(CudaProducts, BothFactorsMayBeTransposed) {
  const Tensor a = random_tensor({20, 30}, 1), b = random_tensor({30, 20}, 2);
  expect_what_the_cpu_gives({Op::mm, {0, 0}, {a, b}});
  expect_what_the_cpu_gives({Op::mm, {0, 1}, {a, a}});
  expect_what_the_cpu_gives({Op::mm, {1, 0}, {a, a}});
  expect_what_the_cpu_gives({Op::mm, {1, 1}, {a, b}});
}

TEST(CudaProducts, ABiasMayHaveATypeOfItsOwn) {
  const Tensor x = random_tensor({9, 3}, 1), w = random_tensor({4, 3}, 2);
  expect_what_the_cpu_gives({Op::addmm, {}, {x, w, cast_to(random_tensor({4}, 3), kBf16)}});
}

void expect_convolutions(const CudaContext& context) {
  const Tensor x = random_tensor({2, 3, 9, 8}, 1);
  struct Case {
    std::int64_t kernel, stride, padding;
  };
  for (const auto [kernel, stride, padding] : {Case{1, 1, 0}, Case{1, 2, 0}, Case{3, 2, 1}, Case{7, 2, 3}}) {
    const std::int64_t height = (9 + 2 * padding - kernel) / stride + 1,
                       width = (8 + 2 * padding - kernel) / stride + 1;
    const auto s = static_cast<double>(stride), pad = static_cast<double>(padding);
    const Tensor w = random_tensor({4, 3, kernel, kernel}, 2), grad = random_tensor({2, 4, height, width}, 3);
    const Example examples[] = {
        {Op::conv2d, {s, pad}, {x, w, random_tensor({4}, 4)}},
        {Op::conv2d_backward_weight, {static_cast<double>(kernel), s, pad}, {grad, x}},
        {Op::conv2d_backward_input, {s, pad, 9, 8}, {grad, w}}};  // columns are made only where they are used
    for (const Example& example : examples) expect_what_the_cpu_gives(example, {}, context, 1);
  }
}

TEST(CudaConvolution, MayHaveAnyWindow) { expect_convolutions(HostedGpu::get().context()); }

TEST(CudaConvolution, MayHaveAnyWindowWithoutCudnn) { expect_convolutions(HostedGpu::get().without_cudnn()); }

}  // namespace
}  // namespace memsweep
