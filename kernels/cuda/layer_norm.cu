// Layer norm. A block takes a row at a time; gradients of weights are sums over rows.
#include <cmath>

#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

struct Statistics {
  Ref mean, rstd;
};

__global__ void layer_norm_kernel(Matrix size, float eps, Ref x, Ref w, Ref bias, Ref y, Statistics of_row) {
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    const auto n = static_cast<float>(size.columns);
    const float mean = sum_of(size.columns, [&](std::int64_t i) { return load(x, first + i); }) / n;
    const auto centred = [&](std::int64_t i) { return load(x, first + i) - mean; };
    const float squares = sum_of(size.columns, [&](std::int64_t i) { return centred(i) * centred(i); });
    const float rstd = 1 / sqrtf(squares / n + eps);
    for_each_column(size.columns, [&](std::int64_t i) {
      store(y, first + i, centred(i) * rstd * load(w, i) + load(bias, i));
    });
    if (threadIdx.x != 0) return;
    store(of_row.mean, row, mean);
    store(of_row.rstd, row, rstd);
  });
}

struct NormalizedRows {
  Ref grad, x;
  Statistics of_row;
};

__global__ void layer_norm_backward_kernel(Matrix size, NormalizedRows in, Ref w, Ref dx) {
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    const float mean = load(in.of_row.mean, row), rstd = load(in.of_row.rstd, row);
    const auto n = static_cast<float>(size.columns);
    const auto scaled = [&](std::int64_t i) { return load(in.grad, first + i) * load(w, i); };
    const auto normalized = [&](std::int64_t i) { return (load(in.x, first + i) - mean) * rstd; };
    const float along_one = sum_of(size.columns, scaled) / n;
    const float along_x = sum_of(size.columns, [&](std::int64_t i) { return scaled(i) * normalized(i); }) / n;
    for_each_column(size.columns, [&](std::int64_t i) {
      store(dx, first + i, rstd * (scaled(i) - along_one - normalized(i) * along_x));
    });
  });
}

/// Terms of the gradients of the weight and of the bias.
struct ParameterGradients {
  NormalizedRows in;

  __device__ void add(std::int64_t i, std::int64_t row, Sums<2>& sums) const {
    const float grad = load(in.grad, i), rstd = load(in.of_row.rstd, row);
    sums[0] += grad * ((load(in.x, i) - load(in.of_row.mean, row)) * rstd);
    sums[1] += grad;
  }
};

}  // namespace

void layer_norm(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), layer_norm_kernel, size, static_cast<float>(call.attributes[0]),
         input(call, views, 0), input(call, views, 1), input(call, views, 2), output(call, views, 0),
         Statistics{output(call, views, 1), output(call, views, 2)});
}

void layer_norm_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[1]);
  const NormalizedRows in{
      input(call, views, 0), input(call, views, 1), {input(call, views, 2), input(call, views, 3)}};
  launch(context, grid_of(size), layer_norm_backward_kernel, size, in, input(call, views, 4),
         output(call, views, 0));
  sum_columns<ParameterGradients, 2>(context, size, {in}, {output(call, views, 1), output(call, views, 2)},
                                     {borrowed(views, 0), borrowed(views, 1)});
}

}  // namespace memsweep::cuda
