#include <gtest/gtest.h>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

struct Size {
  std::int64_t table, indices, columns;
};
// One row; more indices than rows, and fewer; more than one block of rows.
constexpr Size kSizes[] = {{1, 4, 3}, {5, 40, 7}, {300, 9, 129}, {513, 700, 33}};

TEST(CpuTables, AnEmbeddingIsTheRowsOfItsIndices) {
  for (const auto [table, indices, columns] : kSizes) {
    const auto w = random_tensor({table, columns}, 1);
    const auto ids = random_targets(indices, table, 2);
    const std::int64_t count = (indices + 1) / 2;  // of the first half only
    const auto y = run({Op::embedding, {static_cast<double>(count), 0}, {w, ids}})[0];
    ASSERT_EQ(y.type().shape, (Shape{count, columns}));
    for (std::size_t i = 0; i < y.values().size(); ++i) {
      const auto n = static_cast<std::size_t>(columns);
      const auto row = static_cast<std::size_t>(ids.values<std::int64_t>()[i / n]);
      ASSERT_EQ(y.values()[i], w.values()[row * n + i % n]);
    }
  }
}

TEST(CpuTables, ItsGradientIsTheSumOverEqualIndices) {
  for (const auto [table, indices, columns] : kSizes) {
    const auto grad = random_tensor({indices, columns}, 1);
    const auto ids = random_targets(indices, table, 2);
    Doubles expected(static_cast<std::size_t>(table * columns));
    for (std::size_t i = 0; i < grad.values().size(); ++i) {
      const auto n = static_cast<std::size_t>(columns);
      const auto row = static_cast<std::size_t>(ids.values<std::int64_t>()[i / n]);
      expected[row * n + i % n] += static_cast<double>(grad.values()[i]);
    }
    expect_near(run({Op::embedding_backward, {static_cast<double>(table), 0}, {grad, ids}})[0].values(),
                expected, 2e-6);
  }
}

TEST(CpuTables, PositionsCountUp) {
  const auto y = run({Op::positions, {}, {}, {}, {{{5}, DType::i64}}})[0];
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(y.values<std::int64_t>()[static_cast<std::size_t>(i)], i);
}

TEST(CpuTables, TargetsAreTheTokensThatFollow) {
  const TensorType type{{2, 3}, DType::i64}, last{{1, 3}, DType::i64};
  const auto input = run({Op::tokens, {1, 2, 0, 1, 0, 1000, 0}, {}, {}, {type}})[0];
  const auto target = run({Op::tokens, {1, 2, 0, 1, 0, 1000, 1}, {}, {}, {type}})[0];
  const Generator stream(1, 2);
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_EQ(input.values<std::int64_t>()[3 * row + t], stream.u24(4 * row + t) % 1000);
      EXPECT_EQ(target.values<std::int64_t>()[3 * row + t], stream.u24(4 * row + t + 1) % 1000);
    }
  }
  // A micro-batch begins where the one before has ended.
  const auto second = run({Op::tokens, {1, 2, 0, 1, 3, 1000, 0}, {}, {}, {last}})[0];
  for (std::size_t t = 0; t < 3; ++t)
    EXPECT_EQ(second.values<std::int64_t>()[t], input.values<std::int64_t>()[3 + t]);
}

TEST(CpuTables, WhatIsRepeatedIsAddedAndItsGradientSummed) {
  const auto x = random_tensor({6, 5}, 1), y = random_tensor({2, 5}, 2);
  Doubles sum, repeats(10);
  for (std::size_t i = 0; i < 30; ++i) {
    sum.push_back(static_cast<double>(x.values()[i] + y.values()[i % 10]));
    repeats[i % 10] += static_cast<double>(x.values()[i]);
  }
  expect_near(run({Op::add_broadcast, {}, {x, y}})[0].values(), sum, 0);
  expect_near(run({Op::sum_repeats, {2}, {x}})[0].values(), repeats, 1e-7);
}

}  // namespace
}  // namespace memsweep
