// Index tables and masks.
#include <cstdint>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

__global__ void positions_kernel(std::int64_t n, std::int64_t* y) {
  for_each_in_grid(n, [&](std::int64_t i) { y[i] = i; });
}

__global__ void causal_mask_kernel(std::int64_t n, std::uint8_t* mask) {
  for_each_in_grid(n * n, [&](std::int64_t i) { mask[i] = i % n > i / n; });
}

__global__ void lower_triangle_kernel(std::int64_t n, const std::uint8_t* x, std::uint8_t* y) {
  for_each_in_grid(n * n, [&](std::int64_t i) { y[i] = i % n <= i / n && x[i] != 0; });
}

__global__ void where_kernel(std::int64_t n, const std::uint8_t* condition, Ref a, Ref b, Ref y) {
  const float if_true = load(a, 0), if_false = load(b, 0);
  for_each_in_grid(n, [&](std::int64_t i) { store(y, i, condition[i] != 0 ? if_true : if_false); });
}

__global__ void equals_kernel(std::int64_t n, Ref x, float value, std::uint8_t* y) {
  for_each_in_grid(n, [&](std::int64_t i) { y[i] = load(x, i) == value; });
}

__global__ void all_columns_kernel(Matrix size, const std::uint8_t* x, std::uint8_t* y) {
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    const float missing =
        sum_of(size.columns, [&](std::int64_t i) { return x[first + i] != 0 ? 0.0f : 1.0f; });
    if (threadIdx.x == 0) y[row] = missing == 0;
  });
}

__global__ void fill_rows_kernel(Matrix size, Ref x, const std::uint8_t* rows, Ref value, Ref y) {
  const float filled = load(value, 0);
  for_each_in_grid(size.rows * size.columns,
                   [&](std::int64_t i) { store(y, i, rows[i / size.columns] != 0 ? filled : load(x, i)); });
}

}  // namespace

void positions(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for(context, n), positions_kernel, n, output_at<std::int64_t>(views, 0));
}

void causal_mask(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, grid_for(context, elements(call)), causal_mask_kernel, call.outputs[0].shape[0],
         output_at<std::uint8_t>(views, 0));
}

void lower_triangle(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, grid_for(context, elements(call)), lower_triangle_kernel, call.outputs[0].shape[0],
         input_at<std::uint8_t>(views, 0), output_at<std::uint8_t>(views, 0));
}

void where(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for(context, n), where_kernel, n, input_at<std::uint8_t>(views, 0),
         input(call, views, 1), input(call, views, 2), output(call, views, 0));
}

void equals(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for(context, n), equals_kernel, n, input(call, views, 0),
         static_cast<float>(call.attributes[0]), output_at<std::uint8_t>(views, 0));
}

void all_columns(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), all_columns_kernel, size, input_at<std::uint8_t>(views, 0),
         output_at<std::uint8_t>(views, 0));
}

void fill_rows(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, grid_for(context, elements(call)), fill_rows_kernel, Matrix::of(call.outputs[0]),
         input(call, views, 0), input_at<std::uint8_t>(views, 1), input(call, views, 2),
         output(call, views, 0));
}

}  // namespace memsweep::cuda
