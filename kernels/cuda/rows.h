// Kernels in which a block takes a row of a matrix at a time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/block_sums.h"
#include "kernels/cuda/launch.h"
#include "kernels/tensor.h"

namespace memsweep::cuda {

struct Matrix {
  std::int64_t rows, columns;

  static Matrix of(const TensorType& type) { return {type.shape.rows(), type.shape.columns()}; }
};

/// Whole warps, so many that a thread takes a few values of a row.
inline Grid grid_of(Matrix size) {
  constexpr std::int64_t kValuesEach = 4, kMost = 1024;
  const std::int64_t threads = (size.columns + kValuesEach - 1) / kValuesEach;
  return grid_of_rows(size.rows,
                      static_cast<unsigned>(std::min((threads + kWarp - 1) / kWarp * kWarp, kMost)));
}

/// Calls row(its number, its first element) with all threads of a block.
template <class Row>
__device__ void for_each_row(Matrix size, Row row) {
  for (std::int64_t i = blockIdx.x; i < size.rows; i += gridDim.x) row(i, i * size.columns);
}

/// Calls column(i) for each i in [0, n), each by one thread of the block.
template <class Column>
__device__ void for_each_column(std::int64_t n, Column column) {
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) column(i);
}

/// Joins value(i) for i in [0, n).
template <class Join, class Value>
__device__ float over_row(std::int64_t n, Join join, Value value) {
  float mine = Join::kNone;
  for_each_column(n, [&](std::int64_t i) { mine = join(mine, value(i)); });
  return over_block(mine, join);
}

template <class Value>
__device__ float sum_of(std::int64_t n, Value value) {
  return over_row(n, Sum{}, value);
}

}  // namespace memsweep::cuda
