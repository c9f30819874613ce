// What a reduction over many rows borrows on a GPU, as PyTorch's reduce kernel does: partial results
// and one counter per block column. For a bias gradient it is often the peak of a training step.
// Rule and check against 308 recordings: tests/golden/pytorch/check_reductions.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memsweep {

struct Multiprocessors;

struct ReductionWorkspace {
  std::size_t partial_results = 0;  // bytes; 0: one block a result is enough, nothing is borrowed
  std::size_t semaphores = 0;       // bytes
};

/// Sums `rows` rows of `columns` f32 results each. `columns` == 1 is a sum of contiguous values.
[[nodiscard]] ReductionWorkspace reduction_workspace(std::int64_t rows, std::int64_t columns,
                                                     const Multiprocessors& gpu);

/// Sums the `columns` values within each of `rows` rows.
[[nodiscard]] ReductionWorkspace reduction_within_rows_workspace(std::int64_t rows, std::int64_t columns,
                                                                 const Multiprocessors& gpu);
/// Sums images [images, channels, area] over images and area, one f32 result for each channel.
[[nodiscard]] ReductionWorkspace channel_reduction_workspace(std::int64_t images, std::int64_t channels,
                                                             std::int64_t area, const Multiprocessors& gpu);

}  // namespace memsweep
