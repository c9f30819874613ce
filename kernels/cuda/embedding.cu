// Rows of a table, looked up by index.
#include <algorithm>
#include <cstdint>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

__global__ void embedding_kernel(Matrix size, Ref w, const std::int64_t* ids, Ref y) {
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    for_each_column(size.columns,
                    [&](std::int64_t i) { store(y, first + i, load(w, ids[row] * size.columns + i)); });
  });
}

/// Columns that a thread sums up at once.
constexpr int kColumnsEach = 4;

/// What the sums of one index need: the rows from its first one on.
struct Occurrences {
  const std::int64_t* ids;
  std::int64_t id, first, end;
};

/// Adds columns first_column + threadIdx.x + k * blockDim.x of all rows of an index up, in the order of rows:
/// a thread looks at one row of as many as there are threads, and all add those that were found.
__device__ void add_rows(const Occurrences& of, const Ref& grad, std::int64_t columns,
                         std::int64_t first_column, float (&sums)[kColumnsEach]) {
  __shared__ bool found[kThreads];
  __shared__ std::int64_t last_found;
  if (threadIdx.x == 0) last_found = -1;
  __syncthreads();
  for (std::int64_t first = of.first; first < of.end; first += blockDim.x) {
    const std::int64_t mine = first + threadIdx.x;
    found[threadIdx.x] = mine < of.end && of.ids[mine] == of.id;
    if (found[threadIdx.x]) last_found = first;
    __syncthreads();
    for (unsigned i = 0; last_found == first && i < blockDim.x; ++i) {
      if (!found[i]) continue;
      for (int k = 0; k < kColumnsEach; ++k) {
        const std::int64_t column = first_column + threadIdx.x + k * std::int64_t{blockDim.x};
        if (column < columns) sums[k] += load(grad, (first + i) * columns + column);
      }
    }
    __syncthreads();
  }
}

/// The first row of an index sums all of them up, so that each sum is one block's.
__global__ void embedding_backward_kernel(Matrix size, Ref grad, const std::int64_t* ids, Ref dw) {
  for_each_row(size, [&](std::int64_t row, std::int64_t) {
    const std::int64_t id = ids[row];
    float earlier = 0;
    for_each_column(row, [&](std::int64_t i) { earlier = ids[i] == id ? 1 : earlier; });
    if (block_sum(earlier) != 0) return;
    const std::int64_t step = kColumnsEach * std::int64_t{blockDim.x};
    for (std::int64_t first = 0; first < size.columns; first += step) {
      float sums[kColumnsEach] = {};
      add_rows({ids, id, row, size.rows}, grad, size.columns, first, sums);
      for (int k = 0; k < kColumnsEach; ++k) {
        const std::int64_t column = first + threadIdx.x + k * std::int64_t{blockDim.x};
        if (column < size.columns) store(dw, id * size.columns + column, sums[k]);
      }
    }
  });
}

}  // namespace

void embedding(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.outputs[0]);
  launch(context, grid_of(size), embedding_kernel, size, input(call, views, 0),
         input_at<std::int64_t>(views, 1), output(call, views, 0));
}

void embedding_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  check(cudaMemsetAsync(views.outputs[0], 0, call.outputs[0].bytes(), context.stream), "cudaMemsetAsync");
  launch(context, grid_of_rows(size.rows), embedding_backward_kernel, size, input(call, views, 0),
         input_at<std::int64_t>(views, 1), output(call, views, 0));
}

}  // namespace memsweep::cuda
