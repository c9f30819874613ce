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
/// Blocks that share the table: each looks at all indices, so that more of them read more.
constexpr std::int64_t kMostBlocks = 2048;
/// Rows of the gradient that a block remembers.
constexpr std::int64_t kListed = 2048;

/// The indices [first, end) of a table, and the rows of a gradient that belong to them, in their order.
struct Share {
  const std::int64_t* ids;
  std::int64_t rows;  // of the gradient
  std::int64_t first, end;

  [[nodiscard]] __device__ bool holds(std::int64_t row) const {
    return row < rows && ids[row] >= first && ids[row] < end;
  }
};

/// Calls row(its number) for the rows of a share, in their order, with thread 0 or with all threads of the
/// block at once: a thread looks at one row of as many as there are threads.
template <class Row>
__device__ void for_each_row_of(const Share& share, bool with_all, Row row) {
  __shared__ bool found[kThreads];
  __shared__ std::int64_t last_found;
  if (threadIdx.x == 0) last_found = -1;
  __syncthreads();
  for (std::int64_t first = 0; first < share.rows; first += blockDim.x) {
    found[threadIdx.x] = share.holds(first + threadIdx.x);
    if (found[threadIdx.x]) last_found = first;
    __syncthreads();
    for (unsigned i = 0; last_found == first && (with_all || threadIdx.x == 0) && i < blockDim.x; ++i) {
      if (found[i]) row(first + i);
    }
    __syncthreads();
  }
}

/// Adds columns first_column + threadIdx.x + k * blockDim.x of a row to the sums.
__device__ void add_row(const Ref& grad, std::int64_t row, std::int64_t columns, std::int64_t first_column,
                        float (&sums)[kColumnsEach]) {
  for (int k = 0; k < kColumnsEach; ++k) {
    const std::int64_t column = first_column + threadIdx.x + k * std::int64_t{blockDim.x};
    if (column < columns) sums[k] += load(grad, row * columns + column);
  }
}

/// A block sums up what belongs to its share of the table, each index in the order of rows: by a list of the
/// rows that it found, or, where they are too many for one, by looking again for each index.
__global__ void embedding_backward_kernel(Matrix size, std::int64_t table_rows, std::int64_t each, Ref grad,
                                          const std::int64_t* ids, Ref dw) {
  __shared__ std::int64_t listed[kListed];
  __shared__ std::int64_t found;
  const Share share{ids, size.rows, blockIdx.x * each, std::min(table_rows, (blockIdx.x + 1) * each)};
  if (threadIdx.x == 0) found = 0;
  for_each_row_of(share, false, [&](std::int64_t row) {
    if (found < kListed) listed[found] = row;
    ++found;
  });
  const std::int64_t step = kColumnsEach * std::int64_t{blockDim.x};
  for (std::int64_t id = share.first; id < share.end; ++id) {
    for (std::int64_t first = 0; first < size.columns; first += step) {
      float sums[kColumnsEach] = {};
      const auto add = [&](std::int64_t row) { add_row(grad, row, size.columns, first, sums); };
      if (found > kListed) {
        for_each_row_of({ids, size.rows, id, id + 1}, true, add);
      } else {
        for (std::int64_t i = 0; i < found; ++i) {
          if (ids[listed[i]] == id) add(listed[i]);
        }
      }
      for (int k = 0; k < kColumnsEach; ++k) {
        const std::int64_t column = first + threadIdx.x + k * std::int64_t{blockDim.x};
        if (column < size.columns) store(dw, id * size.columns + column, sums[k]);
      }
    }
  }
}

}  // namespace

void embedding(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.outputs[0]);
  launch(context, grid_of(size), embedding_kernel, size, input(call, views, 0),
         input_at<std::int64_t>(views, 1), output(call, views, 0));
}

void embedding_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t table_rows = call.outputs[0].shape[0];
  const std::int64_t each = (table_rows + kMostBlocks - 1) / kMostBlocks;
  launch(context, grid_of_rows((table_rows + each - 1) / each), embedding_backward_kernel,
         Matrix::of(call.inputs[0]), table_rows, each, input(call, views, 0),
         input_at<std::int64_t>(views, 1), output(call, views, 0));
}

}  // namespace memsweep::cuda
