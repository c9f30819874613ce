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

/// `inputs` values for each of `outputs` results.
struct Reduction {
  std::int64_t inputs, outputs;
  bool contiguous;        // the values of one result lie side by side
  std::int64_t wanted_x;  // threads along the fastest dimension, were there no limit
  std::int64_t vector;    // results that one thread computes
};

ReductionWorkspace workspace(const Reduction& r, const Multiprocessors& gpu) {
  if (gpu.count == 0 || r.inputs == 0 || r.outputs == 0) return {};
  const std::int64_t limit = kMaxThreads / r.vector;
  const std::int64_t x = std::min(power_of_two_below(r.wanted_x), limit);
  const std::int64_t y = std::min(power_of_two_below(r.contiguous ? r.outputs : r.inputs), limit);
  const std::int64_t narrow = std::min(x, kWarp);
  const std::int64_t height = std::min(y, limit / narrow);
  const std::int64_t width = std::min(x, limit / height);

  const std::int64_t split_inputs = r.contiguous ? width : 1;
  const std::int64_t split_outputs = r.contiguous ? 1 : width;
  if (ceil_div(r.inputs, split_inputs) < std::min(kMinValuesPerThread * height, kMaxValuesPerThread))
    return {};
  const std::int64_t per_thread = ceil_div(r.inputs, split_inputs * height);
  const std::int64_t block_columns = ceil_div(r.outputs / r.vector, split_outputs);
  const std::int64_t target = gpu.count * (gpu.threads_each / (width * height));
  if (per_thread < kMaxValuesPerThread || block_columns > target) return {};
  const std::int64_t blocks =
      std::max(std::min(ceil_div(target, block_columns), ceil_div(per_thread, kMinValuesPerThread)),
               ceil_div(per_thread, kMaxValuesPerThread));
  if (blocks == 1) return {};
  const std::int64_t partials = r.outputs * blocks * (r.contiguous ? 1 : width * r.vector);
  return {kAccumulatorBytes * static_cast<std::size_t>(partials),
          4 * static_cast<std::size_t>(block_columns)};
}

}  // namespace

ReductionWorkspace reduction_workspace(std::int64_t rows, std::int64_t columns, const Multiprocessors& gpu) {
  if (columns == 1) {  // one result: threads load four values at once
    return workspace({rows, 1, true, rows >= 128 ? rows / 4 : rows, 1}, gpu);
  }
  const std::int64_t vector = columns == 0 ? 1 : vector_width(columns);
  return workspace({rows, columns, false, columns / vector, vector}, gpu);
}

ReductionWorkspace reduction_within_rows_workspace(std::int64_t rows, std::int64_t columns,
                                                   const Multiprocessors& gpu) {
  if (rows == 1) return reduction_workspace(columns, 1, gpu);
  return workspace({columns, rows, true, columns, 1}, gpu);
}

}  // namespace memsweep
