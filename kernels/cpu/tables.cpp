// Index tables, masks, and rows looked up by index.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {

void positions(const OpCall& call, const Views& views) {
  auto* y = output<std::int64_t>(views, 0);
  std::iota(y, y + elements(call), std::int64_t{0});
}

void causal_mask(const OpCall& call, const Views& views) {
  const std::int64_t n = call.outputs[0].shape[0];
  auto* mask = output<std::uint8_t>(views, 0);
  for_each_row(n, n, [=](std::int64_t row) {
    for (std::int64_t i = 0; i < n; ++i) mask[row * n + i] = i > row;
  });
}

void lower_triangle(const OpCall& call, const Views& views) {
  const std::int64_t n = call.outputs[0].shape[0];
  const auto* x = input<std::uint8_t>(views, 0);
  auto* y = output<std::uint8_t>(views, 0);
  for_each_row(n, n, [=](std::int64_t row) {
    for (std::int64_t i = row * n; i < (row + 1) * n; ++i) y[i] = i <= row * n + row && x[i] != 0;
  });
}

void where(const OpCall& call, const Views& views) {
  const auto* condition = input<std::uint8_t>(views, 0);
  const float a = *input(views, 1), b = *input(views, 2);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = condition[i] != 0 ? a : b; });
}

void equals(const OpCall& call, const Views& views) {
  const auto value = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  auto* y = output<std::uint8_t>(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i] == value; });
}

void all_columns(const OpCall& call, const Views& views) {
  const std::int64_t n = call.inputs[0].shape.columns();
  const auto* x = input<std::uint8_t>(views, 0);
  auto* y = output<std::uint8_t>(views, 0);
  for_each_row(elements(call), n, [=](std::int64_t row) {
    std::uint8_t all = 1;
    for (std::int64_t i = 0; i < n; ++i) all &= static_cast<std::uint8_t>(x[row * n + i] != 0);
    y[row] = all;
  });
}

void fill_rows(const OpCall& call, const Views& views) {
  const std::int64_t n = call.outputs[0].shape.columns();
  const auto* rows = input<std::uint8_t>(views, 1);
  const float *x = input(views, 0), value = *input(views, 2);
  float* y = output(views, 0);
  for_each_row(call.outputs[0].shape.rows(), n, [=](std::int64_t row) {
    for (std::int64_t i = row * n; i < (row + 1) * n; ++i) y[i] = rows[row] != 0 ? value : x[i];
  });
}

void embedding(const OpCall& call, const Views& views) {
  const std::int64_t n = call.outputs[0].shape.columns();
  const float* w = input(views, 0);
  const auto* ids = input<std::int64_t>(views, 1);
  float* y = output(views, 0);
  for_each_row(call.outputs[0].shape[0], n,
               [=](std::int64_t row) { std::copy_n(w + ids[row] * n, n, y + row * n); });
}

/// Positions by index, those of one index in their order: each row of the table is one thread's.
void embedding_backward(const OpCall& call, const Views& views) {
  const std::int64_t n = call.outputs[0].shape.columns(), rows = call.outputs[0].shape[0];
  const std::int64_t count = call.inputs[0].shape.rows();
  const float* grad = input(views, 0);
  const auto* ids = input<std::int64_t>(views, 1);
  float* dw = output(views, 0);
  std::vector<std::int64_t> begins(static_cast<std::size_t>(rows) + 1),
      order(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) ++begins[static_cast<std::size_t>(ids[i]) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<std::int64_t> next(begins.begin(), begins.end() - 1);
  for (std::int64_t i = 0; i < count; ++i)
    order[static_cast<std::size_t>(next[static_cast<std::size_t>(ids[i])]++)] = i;
  const std::int64_t *begin_of = begins.data(), *position = order.data();
  for_each_row(rows, n, [=](std::int64_t row) {
    float* sum = dw + row * n;
    std::fill_n(sum, n, 0.0f);
    for (std::int64_t k = begin_of[row]; k < begin_of[row + 1]; ++k) {
      const float* each = grad + position[k] * n;
#pragma omp simd
      for (std::int64_t i = 0; i < n; ++i) sum[i] += each[i];
    }
  });
}

}  // namespace memsweep::cpu
