// Adafactor's second moments and its step (torch/optim/_adafactor.py).
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/matrix_sums.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

double mean_square(const float* x, std::int64_t n) {
  constexpr std::int64_t kParts = 16;
  const std::int64_t grain = std::max((n + kParts - 1) / kParts, kElementGrain);
  std::array<double, kParts> parts{};
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / grain)] = sum_of(end - begin, [=](std::int64_t i) {
      return static_cast<double>(x[begin + i]) * static_cast<double>(x[begin + i]);
    });
  });
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum / static_cast<double>(n);
}

}  // namespace

void row_mean_squares(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const float* g = input(views, 0);
  float* mean = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    const float* x = g + row * size.columns;
    const double sum = sum_of(
        size.columns, [=](std::int64_t i) { return static_cast<double>(x[i]) * static_cast<double>(x[i]); });
    mean[row] = static_cast<float>(sum / static_cast<double>(size.columns));
  });
}

void column_mean_squares(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const float* g = input(views, 0);
  float* mean = output(views, 0);
  sum_over_rows<1>(
      size,
      [=](auto& sums, std::int64_t row, Columns columns) {
        const float* x = g + row * size.columns + columns.first;
        double* sum = sums[0].data();
#pragma omp simd
        for (std::int64_t i = 0; i < columns.count; ++i) {
          sum[i] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        }
      },
      [=](const auto& sums, Columns columns) {
        for (std::int64_t i = 0; i < columns.count; ++i) {
          mean[columns.first + i] =
              static_cast<float>(sums[0][static_cast<std::size_t>(i)] / static_cast<double>(size.rows));
        }
      });
}

void mean_at_least(const OpCall& call, const Views& views) {
  const auto least = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  const std::int64_t n = call.inputs[0].shape.elements();
  const double sum = sum_of(n, [=](std::int64_t i) { return x[i]; });
  *output(views, 0) = std::max(static_cast<float>(sum / static_cast<double>(n)), least);
}

void lerp_decayed(const OpCall& call, const Views& views) {
  const auto weight = static_cast<float>(std::pow(static_cast<double>(call.step), call.numbers<1>()[0]));
  const float* old = input(views, 0);
  const float* x = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = old[i] + weight * (x[i] - old[i]); });
}

void adafactor_direction(const OpCall& call, const Views& views) {
  const double eps = call.numbers<1>()[0];
  const auto least = static_cast<float>(eps * eps);
  const float* v = input(views, 0);
  const float* g = input(views, 1);
  float* u = output(views, 0);
  for_each_element(elements(call),
                   [=](std::int64_t i) { u[i] = g[i] / std::sqrt(v[i] > least ? v[i] : least); });
}

/// Both sizes are taken before the weight decays.
void adafactor_step(const OpCall& call, const Views& views) {
  const auto [lr, eps, d, weight_decay] = call.numbers<4>();
  const std::int64_t n = elements(call);
  const float* old = input(views, 0);
  const float* u = input(views, 1);
  const double relative = std::min(lr, 1 / std::sqrt(static_cast<double>(call.step)));
  const double alpha = std::max(eps, std::sqrt(mean_square(old, n))) * relative;
  const auto rate = static_cast<float>(alpha / std::max(1.0, std::sqrt(mean_square(u, n)) / d));
  const auto keep = static_cast<float>(1 - lr * weight_decay);
  float* p = output(views, 0);
  for_each_element(n, [=](std::int64_t i) { p[i] = keep * old[i] - rate * u[i]; });
}

}  // namespace memsweep::cpu
