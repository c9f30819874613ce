// Sums along the rows of a matrix and over them. Sums are f64 and run in an order that the shape alone
// decides, so that they stay accurate for any length and give the same bits every time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "kernels/cpu/elements.h"
#include "kernels/tensor.h"

namespace memsweep::cpu {

struct Matrix {
  std::int64_t rows, columns;

  static Matrix of(const TensorType& type) { return {type.shape.rows(), type.shape.columns()}; }
};

/// Calls row(offset of the row) for each row, on all threads.
template <class Row>
void for_each_row(Matrix size, const Row& row) {
  for_each_row(size.rows, size.columns, row);
}

/// Sum of value(i) for i in [0, n).
template <class Value>
double sum_of(std::int64_t n, const Value& value) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(value(i));
  return sum;
}

/// `Sums` sums a column of a strip of columns.
inline constexpr std::int64_t kStrip = 1024;
template <std::size_t Sums>
using StripSums = std::array<std::array<double, kStrip>, Sums>;

struct Columns {
  std::int64_t first, count;
};

/// Adds all rows up, strip by strip: add(sums, row, columns) adds a row, store(sums, columns) ends a strip.
/// Rows are read in chunks, as long as a row allows, and the chunks are added in their order; the chunks
/// depend on the shape only. 16 of them occupy at most 256 KiB of stack and L2 cache.
template <std::size_t Sums, class Add, class Store>
void sum_over_rows(Matrix size, const Add& add, const Store& store) {
  constexpr std::int64_t kChunks = 16;
  std::array<StripSums<Sums>, kChunks> partial;
  for (std::int64_t first = 0; first < size.columns; first += kStrip) {
    const Columns columns{first, std::min(kStrip, size.columns - first)};
    const std::int64_t chunk = std::max((size.rows + kChunks - 1) / kChunks, kElementGrain / columns.count);
    parallel_for(size.rows, chunk, [&, columns](std::int64_t begin, std::int64_t end) {
      auto& sums = partial[static_cast<std::size_t>(begin / chunk)];
      for (auto& sum : sums) std::fill_n(sum.begin(), columns.count, 0.0);
      for (std::int64_t row = begin; row < end; ++row) add(sums, row, columns);
    });
    for (std::int64_t c = 1; c * chunk < size.rows; ++c) {
      for (std::size_t s = 0; s < Sums; ++s) {
        const auto& part = partial[static_cast<std::size_t>(c)][s];
        std::transform(part.begin(), part.begin() + columns.count, partial[0][s].begin(),
                       partial[0][s].begin(), std::plus<>{});
      }
    }
    store(partial[0], columns);
  }
}

/// Rounds a strip's sums to f32, into their places in a row.
inline void store_rounded(const std::array<double, kStrip>& sums, Columns columns, float* row) {
  std::transform(sums.begin(), sums.begin() + columns.count, row + columns.first,
                 [](double sum) { return static_cast<float>(sum); });
}

}  // namespace memsweep::cpu
