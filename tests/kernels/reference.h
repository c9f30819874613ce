// What ops mean: naive f64 arithmetic, from the formulas of tests/golden/training/README.md.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <numbers>
#include <span>
#include <vector>

#include "tests/kernels/operands.h"

namespace memsweep::testing {

using Doubles = std::vector<double>;

inline Doubles doubles(std::span<const float> values) { return {values.begin(), values.end()}; }

namespace reference {

inline double relu(double x) { return std::max(x, 0.0); }
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double silu(double x) { return x * sigmoid(x); }
inline double gelu(double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }
inline double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

/// One row: (x - mean) / sqrt(biased variance + eps) * w + bias.
inline Doubles layer_norm(const Doubles& x, const Doubles& w, const Doubles& bias, double eps) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / n;
  for (const double value : x) variance += (value - mean) * (value - mean) / n;
  Doubles y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = (x[i] - mean) / std::sqrt(variance + eps) * w[i] + bias[i];
  return y;
}

/// One row.
inline Doubles log_softmax(const Doubles& x) {
  const double top = *std::ranges::max_element(x);
  double sum = 0;
  for (const double value : x) sum += std::exp(value - top);
  Doubles y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] - top - std::log(sum);
  return y;
}

}  // namespace reference

/// What `formula` gives of the elements of up to three vectors.
template <class Formula>
Doubles each(std::initializer_list<const Tensor*> vectors, const Formula& formula) {
  Doubles result;
  for (std::size_t i = 0; i < (*vectors.begin())->values().size(); ++i) {
    double x[3] = {};
    std::size_t k = 0;
    for (const auto* vector : vectors) x[k++] = static_cast<double>(vector->values()[i]);
    result.push_back(formula(x[0], x[1], x[2]));
  }
  return result;
}

/// Central difference of f at x.
inline double slope(const std::function<double(double)>& f, double x) {
  constexpr double kStep = 1e-5;
  return (f(x + kStep) - f(x - kStep)) / (2 * kStep);
}

/// Gradient of f at x by central differences.
inline Doubles gradient(const std::function<double(const Doubles&)>& f, Doubles x) {
  Doubles result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    result[i] = slope([&](double moved) { return x[i] = moved, f(x); }, at);
    x[i] = at;
  }
  return result;
}

/// Every element within `tolerance` * max(1, |expected|).
inline void expect_near(std::span<const float> actual, const Doubles& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(actual[i]), expected[i], tolerance * std::max(1.0, std::abs(expected[i])))
        << "element " << i << " of " << expected.size();
  }
}

}  // namespace memsweep::testing
