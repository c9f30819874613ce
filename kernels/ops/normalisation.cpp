// Ops along rows: layer norm, softmax, the loss.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_layer_norm(Inputs in, Numbers) {
  expect(in[1].shape == Shape{in[0].shape.columns()}, "a layer norm has one weight per column");
  const TensorType per_row{{in[0].shape.rows()}, DType::f32};
  return {in[0], per_row, per_row};
}

Types infer_layer_norm_backward(Inputs in, Numbers) { return {in[0], in[4], in[4]}; }

Types infer_sum_rows(Inputs in, Numbers) { return {{{in[0].shape.columns()}, in[0].dtype}}; }

Types infer_sum_repeats(Inputs in, Numbers numbers) {
  const auto rows = static_cast<std::int64_t>(numbers[0]);
  expect(in[0].shape.rows() % rows == 0, "{} is no whole number of groups", in[0].shape);
  return {{{rows, in[0].shape.columns()}, in[0].dtype}};
}

Types infer_nll_loss(Inputs in, Numbers) {
  expect(in[1].dtype == DType::i64 && in[1].shape.elements() == in[0].shape.rows(), "one target per row");
  return {{{}, in[0].dtype}, {{}, in[0].dtype}};
}

Workspaces sum_rows_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.rows(), call.inputs[0].shape.columns(), gpu);
  return list;
}

Workspaces sum_repeats_workspace(const OpCall& call, const Multiprocessors& gpu) {
  const std::int64_t group = call.outputs[0].shape.elements();
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.elements() / group, group, gpu);
  return list;
}

/// grad * y, before it is summed along each row (tests/golden/pytorch/ops.jsonl).
Workspaces softmax_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  if (gpu.count == 0) return {};
  return {{WorkspaceKind::partial_results, call.inputs[0].bytes()}};
}

/// Above 65,536 rows the weight and bias gradients go through per-block sums first
/// (aten/src/ATen/native/cuda/layer_norm_kernel.cu), of the gradients' own type.
Workspaces layer_norm_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  constexpr std::int64_t kManyRows = 65'536, kRowsPerBlock = 32, kBlockValues = 1 << 20;
  const std::int64_t rows = call.inputs[0].shape.rows(), columns = call.inputs[0].shape.columns();
  if (gpu.count == 0 || rows <= kManyRows) return {};
  const std::int64_t blocks = std::min((rows + kRowsPerBlock - 1) / kRowsPerBlock, kBlockValues / columns);
  const std::size_t bytes = TensorType{{blocks, columns}, call.outputs[1].dtype}.bytes();
  Workspaces list{{WorkspaceKind::partial_results, bytes}, {WorkspaceKind::partial_results, bytes}};
  append_reduction(list, blocks, columns, gpu);
  return list;
}

}  // namespace

std::vector<OpRow> normalisation_rows() {
  return {
      moving(Op::layer_norm, "layer_norm", 3, infer_layer_norm, {"eps"}, 3),
      {Op::layer_norm_backward,
       "layer_norm_backward",
       5,
       3,
       {},
       infer_layer_norm_backward,
       by_traffic,
       layer_norm_backward_workspace},
      {Op::sum_rows, "sum_rows", 1, 1, {}, infer_sum_rows, by_traffic, sum_rows_workspace},
      {Op::sum_repeats, "sum_repeats", 1, 1, {"rows"}, infer_sum_repeats, by_traffic, sum_repeats_workspace},
      moving(Op::softmax, "softmax", 1, first),
      {Op::softmax_backward,
       "softmax_backward",
       2,
       1,
       {},
       same_as_both,
       by_traffic,
       softmax_backward_workspace},
      moving(Op::log_softmax, "log_softmax", 1, first),
      moving(Op::log_softmax_backward, "log_softmax_backward", 2, same_as_both),
      moving(Op::nll_loss, "nll_loss", 2, infer_nll_loss, {}, 2),
      moving(Op::nll_loss_backward, "nll_loss_backward", 4, second),
  };
}

}  // namespace memsweep::ops
