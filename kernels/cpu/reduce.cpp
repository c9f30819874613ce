// Ops that sum along rows or over them.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/matrix_sums.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/transcendental.h"

namespace memsweep::cpu {
namespace {

float largest(const float* x, std::int64_t n) {
  float result = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : result)
  for (std::int64_t i = 0; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

struct Exponentials {
  float largest;
  double sum;
};

/// y = exp(x - the largest x), and their sum.
Exponentials exponentials(const float* x, std::int64_t n, float* y) {
  const float top = largest(x, n);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = exp(x[i] - top);
  return {top, sum_of(n, [=](std::int64_t i) { return y[i]; })};
}

}  // namespace

void layer_norm(const OpCall& call, const Views& views) {
  const double eps = call.numbers<1>()[0];
  const Matrix size = Matrix::of(call.inputs[0]);
  const std::int64_t n = size.columns;
  const float *all_x = input(views, 0), *w = input(views, 1), *bias = input(views, 2);
  float *all_y = output(views, 0), *means = output(views, 1), *rstds = output(views, 2);
  for_each_row(size, [=](std::int64_t row) {
    const float* x = all_x + row * n;
    float* y = all_y + row * n;
    const auto mean =
        static_cast<float>(sum_of(n, [=](std::int64_t i) { return x[i]; }) / static_cast<double>(n));
    const double variance =
        sum_of(n, [=](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); }) / static_cast<double>(n);
    const auto rstd = static_cast<float>(1 / std::sqrt(variance + eps));
    means[row] = mean;
    rstds[row] = rstd;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * w[i] + bias[i];
  });
}

namespace {

struct NormalizedRows {
  const float *grad, *x, *mean, *rstd;
};

void layer_norm_input_grad(Matrix size, const NormalizedRows& in, const float* w, float* all_dx) {
  const std::int64_t n = size.columns;
  for_each_row(size, [=](std::int64_t row) {
    const float *grad = in.grad + row * n, *x = in.x + row * n;
    const float mean = in.mean[row], rstd = in.rstd[row];
    float* dx = all_dx + row * n;
    const auto scaled = [=](std::int64_t i) { return grad[i] * w[i]; };
    const auto normalized = [=](std::int64_t i) { return (x[i] - mean) * rstd; };
    const auto mean_of = [=](double sum) { return static_cast<float>(sum / static_cast<double>(n)); };
    const float along_one = mean_of(sum_of(n, scaled));
    const float along_x = mean_of(sum_of(n, [=](std::int64_t i) { return scaled(i) * normalized(i); }));
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) dx[i] = rstd * (scaled(i) - along_one - normalized(i) * along_x);
  });
}

void layer_norm_parameter_grads(Matrix size, const NormalizedRows& in, float* dw, float* dbias) {
  sum_over_rows<2>(
      size,
      [=](StripSums<2>& sums, std::int64_t row, Columns columns) {
        const std::int64_t start = row * size.columns + columns.first;
        const float *grad = in.grad + start, *x = in.x + start;
        const float mean = in.mean[row], rstd = in.rstd[row];
        double *w_sum = sums[0].data(), *bias_sum = sums[1].data();
#pragma omp simd
        for (std::int64_t i = 0; i < columns.count; ++i) {
          w_sum[i] += static_cast<double>(grad[i] * ((x[i] - mean) * rstd));
          bias_sum[i] += static_cast<double>(grad[i]);
        }
      },
      [=](const StripSums<2>& sums, Columns columns) {
        store_rounded(sums[0], columns, dw);
        store_rounded(sums[1], columns, dbias);
      });
}

}  // namespace

void layer_norm_backward(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[1]);
  const NormalizedRows in{input(views, 0), input(views, 1), input(views, 2), input(views, 3)};
  layer_norm_input_grad(size, in, input(views, 4), output(views, 0));
  layer_norm_parameter_grads(size, in, output(views, 1), output(views, 2));
}

namespace {

void sum_rows_of(Matrix size, const float* all_x, float* y) {
  sum_over_rows<1>(
      size,
      [=](StripSums<1>& sums, std::int64_t row, Columns columns) {
        const float* x = all_x + row * size.columns + columns.first;
        double* sum = sums[0].data();
#pragma omp simd
        for (std::int64_t i = 0; i < columns.count; ++i) sum[i] += static_cast<double>(x[i]);
      },
      [=](const StripSums<1>& sums, Columns columns) { store_rounded(sums[0], columns, y); });
}

}  // namespace

void sum_rows(const OpCall& call, const Views& views) {
  sum_rows_of(Matrix::of(call.inputs[0]), input(views, 0), output(views, 0));
}

void sum_repeats(const OpCall& call, const Views& views) {
  const std::int64_t group = elements(call);
  sum_rows_of({call.inputs[0].shape.elements() / group, group}, input(views, 0), output(views, 0));
}

void softmax(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const std::int64_t n = size.columns;
  const float* all_x = input(views, 0);
  float* all_y = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    const float* x = all_x + row * n;
    float* y = all_y + row * n;
    const auto factor = static_cast<float>(1 / exponentials(x, n, y).sum);
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] *= factor;
  });
}

void softmax_backward(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const std::int64_t n = size.columns;
  const float *all_grad = input(views, 0), *all_y = input(views, 1);
  float* all_dx = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    const float *grad = all_grad + row * n, *y = all_y + row * n;
    float* dx = all_dx + row * n;
    const auto along = static_cast<float>(sum_of(n, [=](std::int64_t i) { return grad[i] * y[i]; }));
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) dx[i] = (grad[i] - along) * y[i];
  });
}

void log_softmax(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const std::int64_t n = size.columns;
  const float* all_x = input(views, 0);
  float* all_y = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    const float* x = all_x + row * n;
    float* y = all_y + row * n;
    const Exponentials e = exponentials(x, n, y);
    const float top = e.largest, log_sum = static_cast<float>(std::log(e.sum));
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - top - log_sum;
  });
}

void log_softmax_backward(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const std::int64_t n = size.columns;
  const float *all_grad = input(views, 0), *all_y = input(views, 1);
  float* all_dx = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    const float *grad = all_grad + row * n, *y = all_y + row * n;
    float* dx = all_dx + row * n;
    const auto sum = static_cast<float>(sum_of(n, [=](std::int64_t i) { return grad[i]; }));
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) dx[i] = grad[i] - exp(y[i]) * sum;
  });
}

void nll_loss(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const float* logp = input(views, 0);
  const auto* target = input<std::int64_t>(views, 1);
  double sum = 0;
  for (std::int64_t row = 0; row < size.rows; ++row) {
    sum -= static_cast<double>(logp[row * size.columns + target[row]]);
  }
  *output(views, 0) = static_cast<float>(sum / static_cast<double>(size.rows));
  *output(views, 1) = static_cast<float>(size.rows);
}

void nll_loss_backward(const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[1]);
  const auto* target = input<std::int64_t>(views, 2);
  const float each = -*input(views, 0) / *input(views, 3);
  float* dx = output(views, 0);
  for_each_row(size, [=](std::int64_t row) {
    std::fill_n(dx + row * size.columns, size.columns, 0.0f);
    dx[row * size.columns + target[row]] = each;
  });
}

}  // namespace memsweep::cpu
