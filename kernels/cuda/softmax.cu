// Softmax and what follows on it: its logarithm, and the loss of that.
#include <cmath>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

struct Exponentials {
  float largest, sum;
};

/// Of x less the largest x.
template <class Value>
__device__ Exponentials exponentials(std::int64_t n, Value x) {
  const float top = over_row(n, Largest{}, x);
  return {top, sum_of(n, [&](std::int64_t i) { return expf(x(i) - top); })};
}

__global__ void softmax_kernel(Matrix size, Ref x, Ref y) {
  for_each_row(size, [&](std::int64_t, std::int64_t first) {
    const auto value = [&](std::int64_t i) { return load(x, first + i); };
    const auto [top, sum] = exponentials(size.columns, value);
    const float factor = 1 / sum;
    for_each_column(size.columns,
                    [&](std::int64_t i) { store(y, first + i, expf(value(i) - top) * factor); });
  });
}

__global__ void softmax_backward_kernel(Matrix size, Ref grad, Ref y, Ref dx) {
  for_each_row(size, [&](std::int64_t, std::int64_t first) {
    const float along =
        sum_of(size.columns, [&](std::int64_t i) { return load(grad, first + i) * load(y, first + i); });
    for_each_column(size.columns, [&](std::int64_t i) {
      store(dx, first + i, (load(grad, first + i) - along) * load(y, first + i));
    });
  });
}

__global__ void log_softmax_kernel(Matrix size, Ref x, Ref y) {
  for_each_row(size, [&](std::int64_t, std::int64_t first) {
    const auto value = [&](std::int64_t i) { return load(x, first + i); };
    const auto [top, sum] = exponentials(size.columns, value);
    const float log_sum = logf(sum);
    for_each_column(size.columns, [&](std::int64_t i) { store(y, first + i, value(i) - top - log_sum); });
  });
}

__global__ void log_softmax_backward_kernel(Matrix size, Ref grad, Ref y, Ref dx) {
  for_each_row(size, [&](std::int64_t, std::int64_t first) {
    const float sum = sum_of(size.columns, [&](std::int64_t i) { return load(grad, first + i); });
    for_each_column(size.columns, [&](std::int64_t i) {
      store(dx, first + i, load(grad, first + i) - expf(load(y, first + i)) * sum);
    });
  });
}

/// One block.
__global__ void nll_loss_kernel(Matrix size, Ref logp, const std::int64_t* target, Ref loss,
                                Ref total_weight) {
  const float sum =
      sum_of(size.rows, [&](std::int64_t row) { return load(logp, row * size.columns + target[row]); });
  if (threadIdx.x != 0) return;
  const auto rows = static_cast<float>(size.rows);
  store(loss, 0, -sum / rows);
  store(total_weight, 0, rows);
}

__global__ void nll_loss_backward_kernel(Matrix size, Ref grad, const std::int64_t* target, Ref total_weight,
                                         Ref dx) {
  const float each = -load(grad, 0) / load(total_weight, 0);
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    for_each_column(size.columns, [&](std::int64_t i) { store(dx, first + i, i == target[row] ? each : 0); });
  });
}

}  // namespace

void softmax(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), softmax_kernel, size, input(call, views, 0), output(call, views, 0));
}

void softmax_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), softmax_backward_kernel, size, input(call, views, 0), input(call, views, 1),
         output(call, views, 0));
}

void log_softmax(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), log_softmax_kernel, size, input(call, views, 0), output(call, views, 0));
}

void log_softmax_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), log_softmax_backward_kernel, size, input(call, views, 0),
         input(call, views, 1), output(call, views, 0));
}

void nll_loss(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, {1, 1024}, nll_loss_kernel, Matrix::of(call.inputs[0]), input(call, views, 0),
         input_at<std::int64_t>(views, 1), output(call, views, 0), output(call, views, 1));
}

void nll_loss_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[1]);
  launch(context, grid_of(size), nll_loss_backward_kernel, size, input(call, views, 0),
         input_at<std::int64_t>(views, 2), input(call, views, 3), output(call, views, 0));
}

}  // namespace memsweep::cuda
