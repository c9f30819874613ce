#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr double kEps = 1e-5;

struct Size {
  std::int64_t rows, columns;
};
// Single rows and columns; odd widths; more rows and columns than one block or strip.
constexpr Size kSizes[] = {{1, 1}, {1, 7}, {7, 1}, {5, 7}, {3, 513}, {517, 131}, {61, 2051}, {40'003, 3}};
constexpr Size kSmallSizes[] = {{1, 7}, {5, 7}, {3, 33}};

Doubles row_of_matrix(const Doubles& matrix, std::int64_t row, std::int64_t columns) {
  const auto begin = matrix.begin() + row * columns;
  return {begin, begin + columns};
}

/// Applies `function` to each row and joins the results.
Doubles by_row(const Doubles& matrix, std::int64_t columns,
               const std::function<Doubles(const Doubles&)>& function) {
  Doubles result;
  for (std::size_t row = 0; row < matrix.size() / static_cast<std::size_t>(columns); ++row) {
    const auto part = function(row_of_matrix(matrix, static_cast<std::int64_t>(row), columns));
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

double dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Doubles layer_norm_rows(const Doubles& x, const Doubles& w, const Doubles& bias) {
  return by_row(x, static_cast<std::int64_t>(w.size()),
                [&](const Doubles& row) { return reference::layer_norm(row, w, bias, kEps); });
}

TEST(CpuReduce, LayerNormFollowsItsFormula) {
  for (const auto [rows, columns] : kSizes) {
    const auto x = random_tensor({rows, columns}, 1, 2, 0.5f);
    const auto w = random_tensor({columns}, 2), bias = random_tensor({columns}, 3);
    const auto y = run({Op::layer_norm, {kEps}, {x, w, bias}});
    expect_near(y[0].values(),
                layer_norm_rows(doubles(x.values()), doubles(w.values()), doubles(bias.values())), 1e-5);
  }
}

TEST(CpuReduce, LayerNormOfRowsFarFromZeroKeepsItsAccuracy) {
  const auto x = random_tensor({5, 1025}, 1, 1, 1000);
  const std::vector<float> ones(1025, 1.0f), zeros(1025, 0.0f);
  const auto y = run({Op::layer_norm, {kEps}, {x, Tensor({1025}, ones), Tensor({1025}, zeros)}});
  expect_near(y[0].values(), layer_norm_rows(doubles(x.values()), doubles(ones), doubles(zeros)), 1e-4);
}

TEST(CpuReduce, LayerNormBackwardIsTheGradientOfForward) {
  for (const auto [rows, columns] : kSmallSizes) {
    const auto x = random_tensor({rows, columns}, 1), grad = random_tensor({rows, columns}, 2);
    const auto w = random_tensor({columns}, 3), bias = random_tensor({columns}, 4);
    const auto forward = run({Op::layer_norm, {kEps}, {x, w, bias}});
    const auto actual = run({Op::layer_norm_backward, {}, {grad, x, forward[1], forward[2], w}});

    const auto g = doubles(grad.values()), x0 = doubles(x.values()), w0 = doubles(w.values()),
               b0 = doubles(bias.values());
    const auto by_x =
        gradient([&](const Doubles& moved) { return dot(g, layer_norm_rows(moved, w0, b0)); }, x0);
    const auto by_w =
        gradient([&](const Doubles& moved) { return dot(g, layer_norm_rows(x0, moved, b0)); }, w0);
    const auto by_bias =
        gradient([&](const Doubles& moved) { return dot(g, layer_norm_rows(x0, w0, moved)); }, b0);
    expect_near(actual[0].values(), by_x, 5e-6);
    expect_near(actual[1].values(), by_w, 5e-6);
    expect_near(actual[2].values(), by_bias, 5e-6);
  }
}

TEST(CpuReduce, SumRowsAddsEveryRow) {
  for (const auto [rows, columns] : kSizes) {
    const auto x = random_tensor({rows, columns}, 1);
    Doubles expected(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < x.values().size(); ++i) {
      expected[i % expected.size()] += static_cast<double>(x.values()[i]);
    }
    expect_near(run({Op::sum_rows, {}, {x}})[0].values(), expected, 1e-7);
  }
}

TEST(CpuReduce, ParameterGradientsOverManyRowsKeepSinglePrecision) {
  constexpr std::int64_t kRows = 200'000, kColumns = 3;
  const auto grad = random_tensor({kRows, kColumns}, 1, 0.5f, 1), x = random_tensor({kRows, kColumns}, 2);
  const std::vector<float> mean(kRows, -1.0f), rstd(kRows, 0.5f);
  const auto actual =
      run({Op::layer_norm_backward,
           {},
           {grad, x, Tensor({kRows}, mean), Tensor({kRows}, rstd), random_tensor({kColumns}, 3)}});
  Doubles dw(kColumns), dbias(kColumns);
  for (std::size_t i = 0; i < x.values().size(); ++i) {
    const double g = grad.values()[i];
    dw[i % kColumns] += g * (static_cast<double>(x.values()[i]) + 1) * 0.5;
    dbias[i % kColumns] += g;
  }
  expect_near(actual[1].values(), dw, 1e-7);
  expect_near(actual[2].values(), dbias, 1e-7);
  expect_near(run({Op::sum_rows, {}, {grad}})[0].values(), dbias, 1e-7);
}

TEST(CpuReduce, LogSoftmaxFollowsItsFormula) {
  for (const auto [rows, columns] : kSizes) {
    const auto x = random_tensor({rows, columns}, 1, 10);
    expect_near(run({Op::log_softmax, {}, {x}})[0].values(),
                by_row(doubles(x.values()), columns, reference::log_softmax), 5e-7);
  }
}

TEST(CpuReduce, LogSoftmaxOfExtremeRowsIsFinite) {
  const std::vector<float> x{3e38f, -3e38f, 0, 1000, 1000, 1000, -1e5f, -1e5f, 0};
  const auto y = run({Op::log_softmax, {}, {Tensor({3, 3}, x)}})[0];
  expect_near(y.values().subspan(3), {-std::log(3.0), -std::log(3.0), -std::log(3.0), -1e5, -1e5, 0}, 5e-7);
  EXPECT_EQ(y.values()[0], 0.0f);
  for (const float value : y.values()) EXPECT_FALSE(std::isnan(value));
}

TEST(CpuReduce, LogSoftmaxBackwardIsTheGradientOfForward) {
  for (const auto [rows, columns] : kSmallSizes) {
    const auto x = random_tensor({rows, columns}, 1, 3), grad = random_tensor({rows, columns}, 2);
    const auto y = run({Op::log_softmax, {}, {x}})[0];
    const auto expected = gradient(
        [&, n = columns](const Doubles& moved) {
          return dot(doubles(grad.values()), by_row(moved, n, reference::log_softmax));
        },
        doubles(x.values()));
    expect_near(run({Op::log_softmax_backward, {}, {grad, y}})[0].values(), expected, 2e-6);
  }
}

TEST(CpuReduce, NllLossIsTheMeanOverRowsAndBackwardItsGradient) {
  for (const auto [rows, columns] : kSizes) {
    const auto logp = random_tensor({rows, columns}, 1, 3, -4);
    const auto target = random_targets(rows, columns, 2);
    const auto loss = run({Op::nll_loss, {}, {logp, target}});
    const std::vector<float> two{2.0f};
    const auto dx = run({Op::nll_loss_backward, {}, {Tensor(Shape{}, two), logp, target, loss[1]}});

    double mean = 0;
    Doubles expected(logp.values().size());
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto at = static_cast<std::size_t>(row * columns +
                                               target.values<std::int64_t>()[static_cast<std::size_t>(row)]);
      mean -= static_cast<double>(logp.values()[at]) / static_cast<double>(rows);
      expected[at] = -2.0 / static_cast<double>(rows);
    }
    expect_near(loss[0].values(), {mean}, 1e-7);
    EXPECT_EQ(loss[1].values()[0], static_cast<float>(rows));
    expect_near(dx[0].values(), expected, 1e-7);
  }
}

}  // namespace
}  // namespace memsweep
