#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

struct Size {
  std::int64_t batch, heads, length, size;

  [[nodiscard]] std::int64_t rows() const { return batch * length; }
  [[nodiscard]] std::int64_t width() const { return heads * size; }
  [[nodiscard]] double h() const { return static_cast<double>(heads); }
  [[nodiscard]] double t() const { return static_cast<double>(length); }
};
// One of each; one batch, head or token among several; more queries than one block.
constexpr Size kSizes[] = {{1, 1, 1, 1}, {2, 3, 5, 4}, {1, 2, 7, 3},
                           {3, 1, 4, 5}, {2, 3, 1, 2}, {2, 2, 70, 8}};
constexpr Size kSmallSizes[] = {{2, 2, 3, 2}, {1, 2, 4, 1}};

std::vector<double> attributes(const Size& s, double p = 0) { return {s.h(), s.t(), p, 1, 2, 0, 1, 0}; }

/// Place of an element in rows of `parts` parts, of which `part` is meant.
std::size_t in_rows(const Size& s, std::int64_t b, std::int64_t h, std::int64_t t, std::int64_t i,
                    std::int64_t part = 0, std::int64_t parts = 1) {
  return static_cast<std::size_t>(((b * s.length + t) * parts + part) * s.width() + h * s.size + i);
}

template <class Visit>
void for_each_element(const Size& s, const Visit& visit) {
  for (std::int64_t b = 0; b < s.batch; ++b)
    for (std::int64_t h = 0; h < s.heads; ++h)
      for (std::int64_t t = 0; t < s.length; ++t)
        for (std::int64_t i = 0; i < s.size; ++i) visit(b, h, t, i);
}

/// softmax(q kT / sqrt(size), later keys unseen), times the mask of dropout where there is one, times v.
Doubles attended(const Size& s, const Doubles& qkv, const Tensor* mask = nullptr, double p = 0) {
  Doubles y(qkv.size() / 3);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t h = 0; h < s.heads; ++h) {
      for (std::int64_t t = 0; t < s.length; ++t) {
        Doubles scores;
        for (std::int64_t key = 0; key <= t; ++key) {
          double dot = 0;
          for (std::int64_t i = 0; i < s.size; ++i)
            dot += qkv[in_rows(s, b, h, t, i, 0, 3)] * qkv[in_rows(s, b, h, key, i, 1, 3)];
          scores.push_back(dot / std::sqrt(static_cast<double>(s.size)));
        }
        const Doubles weights = reference::log_softmax(scores);
        for (std::int64_t key = 0; key <= t; ++key) {
          double weight = std::exp(weights[static_cast<std::size_t>(key)]);
          if (mask != nullptr) {
            const auto at = static_cast<std::size_t>(((b * s.heads + h) * s.length + t) * s.length + key);
            weight *= mask->values<std::uint8_t>()[at] != 0 ? 1 / (1 - p) : 0;
          }
          for (std::int64_t i = 0; i < s.size; ++i)
            y[in_rows(s, b, h, t, i)] += weight * qkv[in_rows(s, b, h, key, i, 2, 3)];
        }
      }
    }
  }
  return y;
}

/// The mask that the dropout op draws for the weights of all pairs.
Tensor mask_of(const Size& s, double p) {
  return run(
      {Op::dropout, {p, 1, 2, 0, 1, 0}, {random_tensor({s.batch, s.heads, s.length, s.length}, 9)}})[0];
}

TEST(CpuAttention, FollowsItsFormulaAndDropsWhatTheDropoutOpWouldDrop) {
  for (const Size& s : kSizes) {
    const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1, 2);
    const auto values = doubles(qkv.values());
    expect_near(run({Op::attention, attributes(s), {qkv}})[0].values(), attended(s, values), 2e-6);
    const Tensor mask = mask_of(s, 0.3);
    expect_near(run({Op::attention, attributes(s, 0.3), {qkv}})[0].values(), attended(s, values, &mask, 0.3),
                4e-6);
  }
}

TEST(CpuAttention, BackwardIsTheGradientOfForward) {
  for (const double p : {0.0, 0.3}) {
    for (const Size& s : kSmallSizes) {
      const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1),
                 grad = random_tensor({s.rows(), s.width()}, 2);
      const auto forward = run({Op::attention, attributes(s, p), {qkv}});
      const auto product = run({Op::mul, {}, {grad, forward[0]}})[0];
      const auto delta =
          run({Op::heads, {s.h(), s.t(), 0, 1}, {run({Op::sum_heads, {s.h()}, {product}})[0]}})[0];
      const auto actual = run({Op::attention_backward,
                               attributes(s, p),
                               {grad, qkv, forward[0], forward[1], delta, grad, grad, grad}});
      const Tensor mask = mask_of(s, p);
      const auto expected = gradient(
          [&](const Doubles& moved) {
            const auto y = attended(s, moved, &mask, p);
            double sum = 0;
            for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(grad.values()[i]) * y[i];
            return sum;
          },
          doubles(qkv.values()));
      const auto joined = run({Op::join_thirds, {}, {actual[0], actual[1], actual[2]}})[0];
      expect_near(joined.values(), expected, 5e-6);
    }
  }
}

TEST(CpuAttention, DeltaIsTheSumOfProductsHeadByHeadAndZeroBehindTheLastQuery) {
  for (const Size& s : kSizes) {
    const auto grad = random_tensor({s.rows(), s.width()}, 1), y = random_tensor({s.rows(), s.width()}, 2);
    const std::int64_t padded = (s.length + 31) / 32 * 32;
    Doubles expected(static_cast<std::size_t>(s.batch * s.heads * padded));
    for_each_element(s, [&](std::int64_t b, std::int64_t h, std::int64_t t, std::int64_t i) {
      const std::size_t at = in_rows(s, b, h, t, i);
      expected[static_cast<std::size_t>((b * s.heads + h) * padded + t)] +=
          static_cast<double>(grad.values()[at]) * static_cast<double>(y.values()[at]);
    });
    const auto delta = run({Op::attention_delta, {s.h(), s.t(), 32}, {grad, y}})[0];
    EXPECT_EQ(delta.type().shape, (Shape{s.batch, s.heads, padded}));
    expect_near(delta.values(), expected, 1e-6);
  }
}

TEST(CpuAttention, FlashIsTheSameWithALogsumexpForEachQueryAndAGeneratorsState) {
  for (const double p : {0.0, 0.3}) {
    for (const Size& s : kSizes) {
      const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1, 2);
      const auto efficient = run({Op::attention, attributes(s, p), {qkv}}),
                 flash = run({Op::flash_attention, attributes(s, p), {qkv}});
      EXPECT_EQ(flash.size(), p > 0 ? 5u : 4u);
      expect_near(flash[0].values(), doubles(efficient[0].values()), 0);
      const auto padded = static_cast<std::size_t>(efficient[1].type().shape.columns());
      for (std::size_t i = 0; i < flash[1].values().size(); ++i) {
        const auto length = static_cast<std::size_t>(s.length);
        EXPECT_EQ(flash[1].values()[i], efficient[1].values()[i / length * padded + i % length]);
      }
    }
  }
}

TEST(CpuAttention, HeadsAndRowsAreCopiesOfEachOther) {
  for (const Size& s : kSizes) {
    const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1);
    std::vector<Tensor> thirds;
    for (std::int64_t third = 0; third < 3; ++third) {
      const auto heads = run({Op::heads, {s.h(), s.t(), static_cast<double>(third), 3}, {qkv}})[0];
      std::size_t next = 0;
      for_each_element(s, [&](auto b, auto h, auto t, auto i) {
        EXPECT_EQ(heads.values()[next++], qkv.values()[in_rows(s, b, h, t, i, third, 3)]);
      });
      thirds.push_back(third == 1 ? heads : run({Op::merge_heads, {}, {heads}})[0]);
    }
    EXPECT_TRUE(run({Op::join_thirds, {}, thirds})[0].same_bits(qkv));
  }
}

TEST(CpuAttention, AThirdIsScaledAlone) {
  const Size s{2, 3, 5, 4};
  const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1);
  const auto scaled = run({Op::scale_third, {0.5, 2}, {qkv}})[0];
  for_each_element(s, [&](auto b, auto h, auto t, auto i) {
    EXPECT_EQ(scaled.values()[in_rows(s, b, h, t, i)], 0.5F * qkv.values()[in_rows(s, b, h, t, i, 2, 3)]);
  });
}

TEST(CpuAttention, ProductsReadThirdsWhereTheyLieAndHeadsAlike) {
  for (const Size& s : kSizes) {
    const auto qkv = random_tensor({s.rows(), 3 * s.width()}, 1);
    const auto q = run({Op::heads, {s.h(), s.t(), 0, 3}, {qkv}})[0];
    const auto k = run({Op::heads, {s.h(), s.t(), 1, 3}, {qkv}})[0];
    Doubles expected;
    for (std::int64_t b = 0; b < s.batch; ++b)
      for (std::int64_t h = 0; h < s.heads; ++h)
        for (std::int64_t t = 0; t < s.length; ++t)
          for (std::int64_t key = 0; key < s.length; ++key) {
            double dot = 0;
            for (std::int64_t i = 0; i < s.size; ++i)
              dot += static_cast<double>(qkv.values()[in_rows(s, b, h, t, i, 0, 3)]) *
                     static_cast<double>(qkv.values()[in_rows(s, b, h, key, i, 1, 3)]);
            expected.push_back(dot);
          }
    expect_near(run({Op::bmm, {0, 1, s.h(), s.t(), 0, 1, 0}, {qkv, qkv}})[0].values(), expected, 2e-6);
    expect_near(run({Op::bmm, {0, 1, s.h(), s.t(), -1, -1, 0}, {q, k}})[0].values(), expected, 2e-6);
  }
}

TEST(CpuAttention, SoftmaxFollowsItsFormulaAndBackwardIsItsGradient) {
  const auto x = random_tensor({5, 7}, 1, 4), grad = random_tensor({5, 7}, 2);
  const auto reference = [](const Doubles& values) {
    Doubles y;
    for (std::size_t row = 0; row < 5; ++row) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(7 * row);
      for (const double log : reference::log_softmax({begin, begin + 7})) y.push_back(std::exp(log));
    }
    return y;
  };
  const auto y = run({Op::softmax, {}, {x}})[0];
  expect_near(y.values(), reference(doubles(x.values())), 5e-7);
  const auto expected = gradient(
      [&](const Doubles& moved) {
        const auto moved_y = reference(moved);
        double sum = 0;
        for (std::size_t i = 0; i < moved_y.size(); ++i)
          sum += static_cast<double>(grad.values()[i]) * moved_y[i];
        return sum;
      },
      doubles(x.values()));
  expect_near(run({Op::softmax_backward, {}, {grad, y}})[0].values(), expected, 1e-6);
}

TEST(CpuAttention, AMaskHidesLaterPositionsOfAShorterSequence) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto mask = run({Op::causal_mask, {}, {}, {}, {{{5, 5}, DType::boolean}}})[0];
  const auto x = random_tensor({2, 3, 3}, 1);
  const auto y = run({Op::masked_fill, {-kInfinity}, {x, mask}})[0];
  for (std::size_t i = 0; i < 18; ++i) {
    const bool hidden = i % 3 > i / 3 % 3;
    EXPECT_EQ(y.values()[i], hidden ? -std::numeric_limits<float>::infinity() : x.values()[i]) << i;
  }
}

TEST(CpuAttention, RowsThatSeeNothingAreFilled) {
  const auto lower = run({Op::lower_triangle, {}, {random_truths({3, 3}, 1)}})[0];
  const auto truths = random_truths({3, 3}, 1);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(lower.values<std::uint8_t>()[i], i % 3 <= i / 3 ? truths.values<std::uint8_t>()[i] : 0) << i;
  }
  const std::vector<float> x{1, 2, 2, 2}, value{5};
  const auto twos = run({Op::equals, {2}, {Tensor({2, 2}, x)}})[0];
  const auto rows = run({Op::all_columns, {}, {twos}})[0];
  EXPECT_EQ(rows.values<std::uint8_t>()[0], 0);
  EXPECT_EQ(rows.values<std::uint8_t>()[1], 1);
  const auto filled = run({Op::fill_rows, {}, {Tensor({2, 2}, x), rows, Tensor(Shape{}, value)}, {0}})[0];
  expect_near(filled.values(), {1, 2, 5, 5}, 0);
  const auto chosen = run({Op::where, {}, {twos, Tensor(Shape{}, value), Tensor(Shape{}, {x.data(), 1})}})[0];
  expect_near(chosen.values(), {1, 5, 5, 5}, 0);
}

}  // namespace
}  // namespace memsweep
