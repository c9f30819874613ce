// Rows of the heads of attention, in its kernels. A warp takes one row of a head (a query, or a key with its
// value) and meets the rows that it has to do with 32 at a time, one a lane; the warps of a block take
// neighbouring rows of one head and read the others together. Results are columns of the row, a few a lane.
#pragma once

#include <cstdint>

#include "kernels/cuda/block_sums.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/heads.h"

namespace memsweep::cuda {

inline constexpr unsigned kRowsEach = 8;  // rows of a block, each a warp's
inline constexpr int kColumnsEach = 4;    // columns of a result that a lane sums up at once
inline constexpr int kColumnsAtOnce = kColumnsEach * int{kWarp};

/// The rows of one head, which are 0 beyond their end.
struct HeadRows {
  Ref data;
  std::int64_t first, stride, length, size;

  __device__ HeadRows(const Ref& values, const HeadMatrices& m, std::int64_t head)
      : data(values), first(m.offset(head)), stride(m.row_stride), length(m.length), size(m.size) {}

  __device__ float value(std::int64_t row, std::int64_t column) const {
    return row < length && column < size ? load(data, first + row * stride + column) : 0;
  }
};

/// What a warp works at: a row of a head, and columns of its results.
struct Share {
  unsigned lane, warp;
  std::int64_t head, first_row, row, first_column;

  /// Every row and column is somebody's.
  static Grid grid(const HeadMatrices& m) {
    return {static_cast<unsigned>(m.count() * blocks_of_rows(m) * blocks_of_columns(m)), kRowsEach * kWarp};
  }

  __device__ explicit Share(const HeadMatrices& m) : lane(threadIdx.x % kWarp), warp(threadIdx.x / kWarp) {
    const std::int64_t columns = blocks_of_columns(m), block = blockIdx.x / columns;
    head = block / blocks_of_rows(m);
    first_row = block % blocks_of_rows(m) * kRowsEach;
    row = first_row + warp;
    first_column = blockIdx.x % columns * kColumnsAtOnce;
  }

  /// Adds weight * row first + lane up, over all lanes.
  __device__ void add_rows(float weight, const HeadRows& rows, std::int64_t first,
                           float (&sums)[kColumnsEach]) const {
    __shared__ float weights[kRowsEach][kWarp];
    weights[warp][lane] = weight;
    __syncwarp();
    for (unsigned i = 0; i < kWarp; ++i) {
      const float each = weights[warp][i];
      for (int k = 0; k < kColumnsEach; ++k) sums[k] += each * rows.value(first + i, column(k));
    }
    __syncwarp();
  }

  __device__ void store_sums(const float (&sums)[kColumnsEach], float factor, const HeadMatrices& m,
                             const Ref& y) const {
    for (int k = 0; row < m.length && k < kColumnsEach && column(k) < m.size; ++k)
      store(y, m.offset(head) + row * m.row_stride + column(k), sums[k] * factor);
  }

  /// The product of this row of `own` and row first + lane of `others`. To be called by the whole block.
  __device__ float product(const HeadRows& own, const HeadRows& others, std::int64_t first) const {
    __shared__ float of_own[kRowsEach][kWarp], of_others[kWarp][kWarp + 1];
    float sum = 0;
    for (std::int64_t begin = 0; begin < own.size; begin += kWarp) {
      of_own[warp][lane] = own.value(row, begin + lane);
      for (unsigned i = warp; i < kWarp; i += kRowsEach)
        of_others[i][lane] = others.value(first + i, begin + lane);
      __syncthreads();
      for (unsigned i = 0; i < kWarp; ++i) sum += of_own[warp][i] * of_others[lane][i];
      __syncthreads();
    }
    return sum;
  }

 private:
  static constexpr std::int64_t blocks_of_rows(const HeadMatrices& m) {
    return (m.length + kRowsEach - 1) / kRowsEach;
  }
  static constexpr std::int64_t blocks_of_columns(const HeadMatrices& m) {
    return (m.size + kColumnsAtOnce - 1) / kColumnsAtOnce;
  }
  [[nodiscard]] __device__ std::int64_t column(int k) const { return first_column + lane + k * int{kWarp}; }
};

}  // namespace memsweep::cuda
