#include "kernels/reduction.h"

#include <algorithm>
#include <bit>

#include "kernels/op.h"

namespace memsweep {
namespace {

std::int64_t power_of_two_below(std::int64_t n) {
  return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(1, n))));
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Results that one thread computes: the widest load that divides a row.
std::int64_t vector_width(std::int64_t columns) { return columns % 4 == 0 ? 4 : columns % 2 == 0 ? 2 : 1; }

// aten/src/ATen/native/cuda/Reduce.cuh: at most 512 threads a block, at least 16 values a thread before a
// column is split over blocks, at most 256 before it must be.
constexpr std::int64_t kMaxThreads = 512;
constexpr std::int64_t kMinValuesPerThread = 16;
constexpr std::int64_t kMaxValuesPerThread = 256;
constexpr std::int64_t kWarp = 32;
constexpr std::size_t kAccumulatorBytes = 4;

/// What is summed up: `rows` values for each of `columns` results. Threads of a warp share a result where
/// its values lie side by side.
struct Reduction {
  std::int64_t rows, columns;
  bool values_adjacent;
  std::int64_t values_per_load = 1;  // of a result
  std::int64_t results_per_thread = 1;
};

ReductionWorkspace workspace_of(const Reduction& r, const Multiprocessors& gpu) {
  if (gpu.count == 0 || r.rows == 0 || r.columns == 0) return {};
  const std::int64_t limit = kMaxThreads / r.results_per_thread;
  const std::int64_t values = r.rows / r.values_per_load, results = r.columns / r.results_per_thread;

  const std::int64_t x = std::min(power_of_two_below(r.values_adjacent ? values : results), limit);
  const std::int64_t y = std::min(power_of_two_below(r.values_adjacent ? r.columns : r.rows), limit);
  const std::int64_t narrow = std::min(x, kWarp);
  const std::int64_t height = std::min(y, limit / narrow);
  const std::int64_t width = std::min(x, limit / height);

  const std::int64_t split_rows = r.values_adjacent ? width : 1;
  const std::int64_t split_columns = r.values_adjacent ? 1 : width;
  if (ceil_div(r.rows, split_rows) < std::min(kMinValuesPerThread * height, kMaxValuesPerThread)) return {};
  const std::int64_t per_thread = ceil_div(r.rows, split_rows * height);
  const std::int64_t block_columns = ceil_div(results, split_columns);
  const std::int64_t target = gpu.count * (gpu.threads_each / (width * height));
  if (per_thread < kMaxValuesPerThread || block_columns > target) return {};
  const std::int64_t blocks =
      std::max(std::min(ceil_div(target, block_columns), ceil_div(per_thread, kMinValuesPerThread)),
               ceil_div(per_thread, kMaxValuesPerThread));
  if (blocks == 1) return {};
  const std::int64_t partials = r.columns * blocks * (r.values_adjacent ? 1 : width * r.results_per_thread);
  return {kAccumulatorBytes * static_cast<std::size_t>(partials),
          4 * static_cast<std::size_t>(block_columns)};
}

}  // namespace

ReductionWorkspace reduction_workspace(std::int64_t rows, std::int64_t columns, const Multiprocessors& gpu) {
  if (columns == 1) return workspace_of({rows, 1, true, rows >= 128 ? 4 : 1}, gpu);
  return workspace_of({rows, columns, false, 1, vector_width(columns)}, gpu);
}

ReductionWorkspace reduction_within_rows_workspace(std::int64_t rows, std::int64_t columns,
                                                   const Multiprocessors& gpu) {
  if (rows == 1) return reduction_workspace(columns, 1, gpu);
  return workspace_of({columns, rows, true}, gpu);
}

ReductionWorkspace channel_reduction_workspace(std::int64_t images, std::int64_t channels, std::int64_t area,
                                               const Multiprocessors& gpu) {
  if (area == 1 || channels == 1) return reduction_workspace(images * area, channels, gpu);
  return workspace_of({images * area, channels, true}, gpu);
}

}  // namespace memsweep
