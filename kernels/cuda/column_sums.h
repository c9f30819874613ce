// Sums over the rows of a matrix, column by column, in an order that the shape and the borrowed memory alone
// decide.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/work_area.h"

namespace memsweep::cuda {

inline constexpr unsigned kRowsAtOnce = 32;

/// Several results of each column.
template <std::size_t kSums>
using Sums = std::array<float, kSums>;
template <std::size_t kSums>
using SumTargets = std::array<Ref, kSums>;

/// Block `part * tiles + tile` sums one of `parts` parts of the rows up, for 32 columns, into row `part` of
/// the results. values.add(i, row, sums) adds element i of the matrix to the sums of its column.
template <class Values, std::size_t kSums>
__global__ void sum_columns_kernel(Matrix size, Values values, std::int64_t parts,
                                   SumTargets<kSums> results) {
  __shared__ float of_warp[kSums][kRowsAtOnce][kWarp];
  const std::int64_t tiles = (size.columns + kWarp - 1) / kWarp;
  const std::int64_t part = blockIdx.x / tiles;
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t column = blockIdx.x % tiles * kWarp + lane, rows = (size.rows + parts - 1) / parts;
  Sums<kSums> sums{};
  if (column < size.columns) {
    for (std::int64_t row = part * rows + warp; row < std::min(size.rows, (part + 1) * rows);
         row += kRowsAtOnce)
      values.add(row * size.columns + column, row, sums);
  }
  for (std::size_t s = 0; s < kSums; ++s) of_warp[s][warp][lane] = sums[s];
  __syncthreads();
  if (warp >= kSums || column >= size.columns) return;
  float sum = 0;
  for (unsigned i = 0; i < kRowsAtOnce; ++i) sum += of_warp[warp][i][lane];
  store(results[warp], part * size.columns + column, sum);
}

/// The matrices themselves.
template <std::size_t kSums>
struct EachValue {
  std::array<Ref, kSums> x;

  __device__ void add(std::int64_t i, std::int64_t, Sums<kSums>& sums) const {
    for (std::size_t s = 0; s < kSums; ++s) sums[s] += load(x[s], i);
  }
};

/// Queues the sums; with memory for the sums of parts of the rows, more of the GPU works at them.
template <class Values, std::size_t kSums>
void sum_columns(const CudaContext& context, Matrix size, const Values& values,
                 const SumTargets<kSums>& results, const std::array<WorkArea, kSums>& work) {
  const auto grid = [tiles = (size.columns + kWarp - 1) / kWarp](std::int64_t parts) {
    return Grid{static_cast<unsigned>(tiles * parts), kRowsAtOnce * kWarp};
  };
  std::int64_t parts = (size.rows + kRowsAtOnce - 1) / kRowsAtOnce;
  SumTargets<kSums> partial;
  for (std::size_t s = 0; s < kSums; ++s) {
    parts = std::min(parts, static_cast<std::int64_t>(work[s].bytes / sizeof(float)) / size.columns);
    partial[s] = ref_of(work[s].data, DType::f32);
  }
  if (parts < 2) {
    launch(context, grid(1), sum_columns_kernel<Values, kSums>, size, values, 1, results);
    return;
  }
  launch(context, grid(parts), sum_columns_kernel<Values, kSums>, size, values, parts, partial);
  launch(context, grid(1), sum_columns_kernel<EachValue<kSums>, kSums>, Matrix{parts, size.columns},
         EachValue<kSums>{partial}, 1, results);
}

}  // namespace memsweep::cuda
