// Convolution (through columns, as PyTorch does without cuDNN), batch norm and pooling.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"
#include "kernels/reduction.h"

namespace memsweep::ops {
namespace {

/// The patches of one image.
TensorType columns_type(const Shape& image, const Shape& kernel, DType dtype) {
  return {{kernel.flat(), image[2] * image[3]}, dtype};
}

Types infer_conv2d(Inputs in, Numbers) {
  const auto &x = in[0].shape, &w = in[1].shape;
  expect(x.rank == 4 && w.rank == 4 && x[1] == w[1] && w[2] == w[3] && w[2] % 2 == 1,
         "a convolution of weight {} cannot take {}", w, x);
  return {{{x[0], w[0], x[2], x[3]}, in[0].dtype}};
}

Types infer_conv2d_backward_input(Inputs in, Numbers) {
  const auto &grad = in[0].shape, &w = in[1].shape;
  return {{{grad[0], w[1], grad[2], grad[3]}, in[0].dtype}, columns_type(grad, w, in[0].dtype)};
}

Types infer_conv2d_backward_weight(Inputs in, Numbers numbers) {
  const auto kernel = static_cast<std::int64_t>(numbers[0]);
  return {{{in[0].shape[1], in[1].shape[1], kernel, kernel}, in[0].dtype}};
}

Types infer_sum_channels(Inputs in, Numbers) { return {{{in[0].shape[1]}, in[0].dtype}}; }

Types infer_batch_norm(Inputs in, Numbers) {
  const TensorType per_channel{{in[0].shape[1]}, DType::f32};
  expect(in[1].shape == per_channel.shape, "a batch norm has one weight per channel, not {} for {}",
         in[1].shape, in[0].shape);
  return {in[0], per_channel, per_channel, in[3], in[4], in[5]};
}

Types infer_batch_norm_backward(Inputs in, Numbers) { return {in[1], in[2], in[2]}; }

Types infer_max_pool(Inputs in, Numbers) {
  const Shape& x = in[0].shape;
  expect(x.rank == 4 && x[2] >= 2 && x[3] >= 2, "{} is too small to be pooled", x);
  const Shape half{x[0], x[1], x[2] / 2, x[3] / 2};
  return {{half, in[0].dtype}, {half, DType::i64}};
}

Types infer_max_pool_backward(Inputs in, Numbers numbers) {
  const Shape& index = in[1].shape;
  return {{{index[0], index[1], static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1])},
           in[0].dtype}};
}

/// Two operations for each weight at each place of the larger of both sides.
Cost by_convolution(const OpCall& call) {
  const bool weight_gradient = call.op == Op::conv2d_backward_weight;
  const Shape& kernel = weight_gradient ? call.outputs[0].shape : call.inputs[1].shape;
  const Shape& image = call.op == Op::conv2d ? call.outputs[0].shape : call.inputs[0].shape;
  return {2 * static_cast<double>(kernel.flat()) * static_cast<double>(image.elements()), traffic(call)};
}

void append_products(Workspaces& list, std::int64_t images) {
  list.insert(list.end(), static_cast<std::size_t>(images), Workspace{WorkspaceKind::cublas, 0, 1});
}

Workspace columns_workspace(const Shape& image, const Shape& kernel, DType dtype) {
  return {WorkspaceKind::partial_results, columns_type(image, kernel, dtype).bytes()};
}

Workspaces conv2d_workspace(const OpCall& call, const Multiprocessors&) {
  const TensorType& x = call.inputs[0];
  Workspaces list{columns_workspace(x.shape, call.inputs[1].shape, x.dtype)};
  append_products(list, x.shape[0]);
  return list;
}

Workspaces backward_input_workspace(const OpCall& call, const Multiprocessors&) {
  Workspaces list;
  append_products(list, call.inputs[0].shape[0]);
  return list;
}

Workspaces backward_weight_workspace(const OpCall& call, const Multiprocessors&) {
  const TensorType& x = call.inputs[1];
  Workspaces list;
  if (call.inputs.size() == 2) list.push_back(columns_workspace(x.shape, call.outputs[0].shape, x.dtype));
  append_products(list, x.shape[0]);
  return list;
}

Workspaces sum_channels_workspace(const OpCall& call, const Multiprocessors& gpu) {
  const Shape& x = call.inputs[0].shape;
  const ReductionWorkspace workspace = channel_reduction_workspace(x[0], x[1], x[2] * x[3], gpu);
  if (workspace.partial_results == 0) return {};
  return {{WorkspaceKind::partial_results, workspace.partial_results},
          {WorkspaceKind::semaphores, workspace.semaphores}};
}

}  // namespace

std::vector<OpRow> image_rows() {
  return {
      {Op::conv2d, "conv2d", -1, 1, {}, infer_conv2d, by_convolution, conv2d_workspace, true},
      {Op::conv2d_backward_input,
       "conv2d_backward_input",
       2,
       2,
       {},
       infer_conv2d_backward_input,
       by_convolution,
       backward_input_workspace,
       true},
      {Op::conv2d_backward_weight,
       "conv2d_backward_weight",
       -1,
       1,
       {"kernel"},
       infer_conv2d_backward_weight,
       by_convolution,
       backward_weight_workspace,
       true},
      {Op::sum_channels, "sum_channels", 1, 1, {}, infer_sum_channels, by_traffic, sum_channels_workspace},
      moving(Op::batch_norm, "batch_norm", 6, infer_batch_norm, {"eps", "momentum"}, 6),
      moving(Op::batch_norm_backward, "batch_norm_backward", 5, infer_batch_norm_backward, {}, 3),
      moving(Op::max_pool, "max_pool", 1, infer_max_pool, {}, 2),
      moving(Op::max_pool_backward, "max_pool_backward", 2, infer_max_pool_backward, {"height", "width"}),
  };
}

}  // namespace memsweep::ops
