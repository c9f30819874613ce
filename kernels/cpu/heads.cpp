// Rows of heads and head-major tensors, copied into each other.
#include "kernels/heads.h"

#include <algorithm>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

/// y = factor * x, head by head; both have the same extents.
void copy_heads(const HeadMatrices& from, const float* x, const HeadMatrices& to, float* y,
                float factor = 1) {
  const std::int64_t length = from.length, size = from.size;
  for_each_row(from.count() * length, size, [=](std::int64_t i) {
    const std::int64_t matrix = i / length, row = i % length;
    const float* source = x + from.offset(matrix) + row * from.row_stride;
    float* target = y + to.offset(matrix) + row * to.row_stride;
#pragma omp simd
    for (std::int64_t j = 0; j < size; ++j) target[j] = factor * source[j];
  });
}

std::int64_t whole(double number) { return static_cast<std::int64_t>(number); }

}  // namespace

void heads(const OpCall& call, const Views& views) {
  const auto [heads, length, part, parts] = call.numbers<4>();
  const auto from =
      HeadMatrices::in_rows(call.inputs[0].shape, whole(heads), whole(length), whole(part), whole(parts));
  copy_heads(from, input(views, 0), HeadMatrices::head_major(call.outputs[0].shape), output(views, 0));
}

void merge_heads(const OpCall& call, const Views& views) {
  const Shape& x = call.inputs[0].shape;
  const auto to = HeadMatrices::in_rows(call.outputs[0].shape, x[1], x[2], 0, 1);
  copy_heads(HeadMatrices::head_major(x), input(views, 0), to, output(views, 0));
}

void join_thirds(const OpCall& call, const Views& views) {
  for (std::size_t third = 0; third < 3; ++third) {
    const Shape& x = call.inputs[third].shape;
    const std::int64_t heads = x.rank == 4 ? x[1] : 1, length = x.rank == 4 ? x[2] : x[0];
    const auto to =
        HeadMatrices::in_rows(call.outputs[0].shape, heads, length, static_cast<std::int64_t>(third), 3);
    copy_heads(HeadMatrices::of(x, heads, length, -1), input(views, third), to, output(views, 0));
  }
}

void scale_third(const OpCall& call, const Views& views) {
  const auto [factor, third] = call.numbers<2>();
  const std::int64_t rows = call.inputs[0].shape[0];
  copy_heads(HeadMatrices::in_rows(call.inputs[0].shape, 1, rows, whole(third), 3), input(views, 0),
             HeadMatrices::in_rows(call.outputs[0].shape, 1, rows, 0, 1), output(views, 0),
             static_cast<float>(factor));
}

/// Between f32 and 16 bit the operand was widened, and the result will be rounded, outside.
void cast_third(const OpCall& call, const Views& views) {
  const std::int64_t rows = call.inputs[0].shape[0], third = whole(call.attributes[1]);
  copy_heads(HeadMatrices::in_rows(call.inputs[0].shape, 1, rows, third, 3), input(views, 0),
             HeadMatrices::in_rows(call.outputs[0].shape, 1, rows, 0, 1), output(views, 0));
}

void sum_heads(const OpCall& call, const Views& views) {
  const std::int64_t size = call.inputs[0].shape.elements() / elements(call);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_row(elements(call), size, [=](std::int64_t i) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = i * size; j < (i + 1) * size; ++j) sum += static_cast<double>(x[j]);
    y[i] = static_cast<float>(sum);
  });
}

}  // namespace memsweep::cpu
