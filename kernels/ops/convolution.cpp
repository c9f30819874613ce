// Convolution through columns, as PyTorch does without cuDNN (aten/src/ATen/native/cuda/ConvolutionMM2d.cu).
// Columns are allocated even where the image itself takes their place, for kernels of one value.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"
#include "kernels/window.h"

namespace memsweep::ops {
namespace {

Window window_of(std::int64_t kernel, double stride, double padding) {
  return {kernel, static_cast<std::int64_t>(stride), static_cast<std::int64_t>(padding)};
}

/// The patches of one image under a kernel, one for each place of the result.
TensorType columns_type(const Shape& result, const Shape& kernel, DType dtype) {
  return {{kernel.flat(), result[2] * result[3]}, dtype};
}

Types infer_conv2d(Inputs in, Numbers numbers) {
  const auto &x = in[0].shape, &w = in[1].shape;
  expect(x.rank == 4 && w.rank == 4 && x[1] == w[1] && w[2] == w[3],
         "a convolution of weight {} cannot take {}", w, x);
  const Window window = window_of(w[2], numbers[0], numbers[1]);
  expect(window.fits(x[2]) && window.fits(x[3]), "{} is smaller than the kernel of weight {}", x, w);
  return {{{x[0], w[0], window.places(x[2]), window.places(x[3])}, in[0].dtype}};
}

Types infer_conv2d_backward_input(Inputs in, Numbers numbers) {
  const auto &grad = in[0].shape, &w = in[1].shape;
  const auto height = static_cast<std::int64_t>(numbers[2]), width = static_cast<std::int64_t>(numbers[3]);
  return {{{grad[0], w[1], height, width}, in[0].dtype}, columns_type(grad, w, in[0].dtype)};
}

Types infer_conv2d_backward_weight(Inputs in, Numbers numbers) {
  const auto kernel = static_cast<std::int64_t>(numbers[0]);
  return {{{in[0].shape[1], in[1].shape[1], kernel, kernel}, in[0].dtype}};
}

/// Two operations for each weight at each place of the result.
Cost by_convolution(const OpCall& call) {
  const bool weight_gradient = call.op == Op::conv2d_backward_weight;
  const Shape& kernel = weight_gradient ? call.outputs[0].shape : call.inputs[1].shape;
  const Shape& result = call.op == Op::conv2d ? call.outputs[0].shape : call.inputs[0].shape;
  return {2 * static_cast<double>(kernel.flat()) * static_cast<double>(result.elements()), traffic(call)};
}

void append_products(Workspaces& list, std::int64_t images) {
  list.insert(list.end(), static_cast<std::size_t>(images), Workspace{WorkspaceKind::cublas, 0, 1});
}

Workspace columns_workspace(const Shape& result, const Shape& kernel, DType dtype) {
  return {WorkspaceKind::partial_results, columns_type(result, kernel, dtype).bytes()};
}

Workspaces conv2d_workspace(const OpCall& call, const Multiprocessors&) {
  const TensorType& y = call.outputs[0];
  Workspaces list{columns_workspace(y.shape, call.inputs[1].shape, y.dtype)};
  append_products(list, y.shape[0]);
  return list;
}

Workspaces backward_input_workspace(const OpCall& call, const Multiprocessors&) {
  Workspaces list;
  append_products(list, call.inputs[0].shape[0]);
  return list;
}

Workspaces backward_weight_workspace(const OpCall& call, const Multiprocessors&) {
  const TensorType& grad = call.inputs[0];
  Workspaces list;
  if (call.inputs.size() == 2)
    list.push_back(columns_workspace(grad.shape, call.outputs[0].shape, grad.dtype));
  append_products(list, grad.shape[0]);
  return list;
}

}  // namespace

std::vector<OpRow> convolution_rows() {
  return {
      {Op::conv2d,
       "conv2d",
       -1,
       1,
       {"stride", "padding"},
       infer_conv2d,
       by_convolution,
       conv2d_workspace,
       true},
      {Op::conv2d_backward_input,
       "conv2d_backward_input",
       2,
       2,
       {"stride", "padding", "height", "width"},
       infer_conv2d_backward_input,
       by_convolution,
       backward_input_workspace,
       true},
      {Op::conv2d_backward_weight,
       "conv2d_backward_weight",
       -1,
       1,
       {"kernel", "stride", "padding"},
       infer_conv2d_backward_weight,
       by_convolution,
       backward_weight_workspace,
       true},
  };
}

}  // namespace memsweep::ops
