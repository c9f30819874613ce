// Batch norm, as PyTorch does without cuDNN. It has kernels of its own for channels that lie side by side,
// [N,C], which reduce over rows in blocks and so borrow memory (aten/src/ATen/native/cuda/Normalization.cuh).
#include <algorithm>
#include <bit>

#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

/// One value for each channel.
TensorType per_channel(const TensorType& x) { return {{x.shape[1]}, DType::f32}; }

void expect_weights(Inputs in) {
  expect(in[0].shape.rank == 2 || in[0].shape.rank == 4, "a batch norm takes rows or images, not {}",
         in[0].shape);
  expect(in[1].shape == per_channel(in[0]).shape, "a batch norm has one weight per channel, not {} for {}",
         in[1].shape, in[0].shape);
}

Types infer_batch_norm(Inputs in, Numbers) {
  expect_weights(in);
  return {in[0], per_channel(in[0]), per_channel(in[0]), in[3], in[4], in[5]};
}

Types infer_batch_norm_frozen(Inputs in, Numbers) {
  expect_weights(in);
  return {in[0], per_channel(in[0]), per_channel(in[0])};
}

Types infer_batch_norm_backward(Inputs in, Numbers) { return {in[1], in[2], in[2]}; }

Types infer_batch_norm_sums(Inputs in, Numbers) {
  return {per_channel(in[1]), per_channel(in[1]), in[2], in[2]};
}

/// flexible_launch_configs: blocks of threads over rows and channels; where there are several over rows, each
/// leaves `values` partial results a channel, and each column of blocks has a counter.
Workspaces reduction_of_rows(const Shape& x, std::int64_t values, const Multiprocessors& gpu) {
  constexpr std::int64_t kThreads = 512, kTile = 32, kRowsPerThread = 16, kMaxBlocks = 128, kMinBlocks = 8;
  const std::int64_t channels = x[1], rows = x.elements() / channels;
  if (gpu.count == 0 || rows != x[0]) return {};
  const auto floor = [](std::int64_t n) {
    return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(n)));
  };
  const auto ceil_div = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  std::int64_t width = std::min(floor(channels), kTile);
  const std::int64_t height = std::min(floor(ceil_div(rows, kRowsPerThread)), kThreads / width);
  if (width * height != kThreads) width = std::min(floor(channels), kThreads / height);
  const std::int64_t blocks = std::min(ceil_div(rows, height * kRowsPerThread), kMaxBlocks);
  if (blocks < kMinBlocks) return {};
  return {{WorkspaceKind::partial_results, TensorType{{values, channels, blocks}, DType::f32}.bytes()},
          {WorkspaceKind::semaphores, 4 * static_cast<std::size_t>(ceil_div(channels, width))}};
}

/// Of means, of squared deviations, and of how many values they are: PyTorch takes room for four.
Workspaces batch_norm_workspace(const OpCall& call, const Multiprocessors& gpu) {
  return reduction_of_rows(call.inputs[0].shape, 4, gpu);
}

Workspaces batch_norm_sums_workspace(const OpCall& call, const Multiprocessors& gpu) {
  return reduction_of_rows(call.inputs[1].shape, 2, gpu);
}

}  // namespace

std::vector<OpRow> batch_norm_rows() {
  return {
      {Op::batch_norm,
       "batch_norm",
       6,
       6,
       {"eps", "momentum"},
       infer_batch_norm,
       by_traffic,
       batch_norm_workspace},
      moving(Op::batch_norm_frozen, "batch_norm_frozen", 5, infer_batch_norm_frozen, {"eps"}, 3),
      moving(Op::batch_norm_backward, "batch_norm_backward", 5, infer_batch_norm_backward, {"training"}, 3),
      {Op::batch_norm_sums,
       "batch_norm_sums",
       5,
       4,
       {},
       infer_batch_norm_sums,
       by_traffic,
       batch_norm_sums_workspace},
      moving(Op::batch_norm_elements, "batch_norm_elements", 7, second, {"training"}),
  };
}

}  // namespace memsweep::ops
