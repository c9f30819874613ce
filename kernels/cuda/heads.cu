// Rows of heads and head-major tensors, copied into each other.
#include "kernels/heads.h"

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

/// y = factor * x, head by head; both have the same extents.
__global__ void copy_heads_kernel(HeadMatrices from, Ref x, HeadMatrices to, Ref y, float factor) {
  for_each_in_grid(from.batch * from.heads * from.length * from.size, [&](std::int64_t i) {
    const std::int64_t column = i % from.size, row = i / from.size % from.length;
    const std::int64_t matrix = i / from.size / from.length;
    const auto place = [=](const HeadMatrices& m) { return m.offset(matrix) + row * m.row_stride + column; };
    store(y, place(to), factor * load(x, place(from)));
  });
}

void copy_heads(const CudaContext& context, const HeadMatrices& from, Ref x, const HeadMatrices& to, Ref y,
                float factor = 1) {
  launch(context, grid_for(context, from.count() * from.length * from.size), copy_heads_kernel, from, x, to,
         y, factor);
}

void copy_third(const CudaContext& context, const OpCall& call, const Views& views, std::int64_t third,
                float factor) {
  const Shape &from = call.inputs[0].shape, &to = call.outputs[0].shape;
  copy_heads(context, HeadMatrices::in_rows(from, 1, from[0], third, 3), input(call, views, 0),
             HeadMatrices::in_rows(to, 1, from[0], 0, 1), output(call, views, 0), factor);
}

std::int64_t whole(double number) { return static_cast<std::int64_t>(number); }

}  // namespace

void heads(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [heads, length, part, parts] = call.numbers<4>();
  const auto from =
      HeadMatrices::in_rows(call.inputs[0].shape, whole(heads), whole(length), whole(part), whole(parts));
  copy_heads(context, from, input(call, views, 0), HeadMatrices::head_major(call.outputs[0].shape),
             output(call, views, 0));
}

void merge_heads(const CudaContext& context, const OpCall& call, const Views& views) {
  const Shape& x = call.inputs[0].shape;
  copy_heads(context, HeadMatrices::head_major(x), input(call, views, 0),
             HeadMatrices::in_rows(call.outputs[0].shape, x[1], x[2], 0, 1), output(call, views, 0));
}

void join_thirds(const CudaContext& context, const OpCall& call, const Views& views) {
  for (std::size_t third = 0; third < 3; ++third) {
    const Shape& x = call.inputs[third].shape;
    const std::int64_t heads = x.rank == 4 ? x[1] : 1, length = x.rank == 4 ? x[2] : x[0];
    const auto to =
        HeadMatrices::in_rows(call.outputs[0].shape, heads, length, static_cast<std::int64_t>(third), 3);
    copy_heads(context, HeadMatrices::of(x, heads, length, -1), input(call, views, third), to,
               output(call, views, 0));
  }
}

void scale_third(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [factor, third] = call.numbers<2>();
  copy_third(context, call, views, whole(third), static_cast<float>(factor));
}

void cast_third(const CudaContext& context, const OpCall& call, const Views& views) {
  copy_third(context, call, views, whole(call.attributes[1]), 1);
}

namespace {

__global__ void sum_heads_kernel(Matrix heads, Ref x, Ref y) {
  for_each_row(heads, [&](std::int64_t row, std::int64_t first) {
    const float sum = sum_of(heads.columns, [&](std::int64_t i) { return load(x, first + i); });
    if (threadIdx.x == 0) store(y, row, sum);
  });
}

}  // namespace

void sum_heads(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t rows = call.outputs[0].shape.elements();
  const Matrix heads{rows, call.inputs[0].shape.elements() / rows};
  launch(context, grid_of(heads), sum_heads_kernel, heads, input(call, views, 0), output(call, views, 0));
}

}  // namespace memsweep::cuda
