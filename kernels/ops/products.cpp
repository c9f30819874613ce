// Matrix products. What has more than two extents is a matrix of flattened entries.
#include "kernels/heads.h"
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_addmm(Inputs in, Numbers) {
  const auto &x = in[0].shape, &w = in[1].shape;
  expect(x.rank >= 2 && w.rank == 2 && x.flat() == w[1], "a linear layer of weight {} cannot take {}", w, x);
  expect(in[2].shape == Shape{w[0]}, "a bias has one value per output");
  return {{{x[0], w[0]}, in[0].dtype}};
}

Types infer_addmm_gelu(Inputs in, Numbers keeps_sum) {
  const TensorType type = infer_addmm(in, {}).front();
  return Types(keeps_sum[0] != 0 ? 2 : 1, type);
}

Types infer_mm(Inputs in, Numbers transpose) {
  const auto &a = in[0].shape, &b = in[1].shape;
  expect(a.rank >= 2 && b.rank >= 2, "a product takes two matrices");
  const std::int64_t m = transpose[0] != 0 ? a.flat() : a[0], k = transpose[0] != 0 ? a[0] : a.flat();
  const std::int64_t n = transpose[1] != 0 ? b[0] : b.flat(), kb = transpose[1] != 0 ? b.flat() : b[0];
  expect(k == kb, "a product of {} and {} does not fit", a, b);
  return {{{m, n}, in[0].dtype}};
}

Types infer_bmm(Inputs in, Numbers numbers) {
  const HeadProduct product(in, numbers);
  expect(product.fits(), "a product of {} and {} does not fit, head by head", in[0].shape, in[1].shape);
  return {{product.result(), in[0].dtype}};
}

Cost by_heads(const OpCall& call) {
  const double inner = static_cast<double>(HeadProduct(call.inputs, call.attributes).a.columns());
  return {2 * inner * static_cast<double>(call.outputs[0].shape.elements()), traffic(call)};
}

Cost by_product(const OpCall& call) {
  const bool transposed = call.op == Op::mm && call.attributes[0] != 0;
  const Shape& a = call.inputs[0].shape;
  const double inner = static_cast<double>(transposed ? a[0] : a.flat());
  return {2 * inner * static_cast<double>(call.outputs[0].shape.elements()), traffic(call)};
}

/// A product with a bias goes through cuBLASLt unless the result is one column wide
/// (caching-allocator behaviour of PyTorch 2.11 to 2.15, recorded in tests/golden/pytorch).
Workspaces addmm_workspace(const OpCall& call, const Multiprocessors&) {
  const bool single_column = call.outputs[0].shape.columns() == 1;
  return {{single_column ? WorkspaceKind::cublas : WorkspaceKind::cublaslt}};
}

Workspaces epilogue_workspace(const OpCall&, const Multiprocessors&) { return {{WorkspaceKind::cublaslt}}; }

Workspaces product_workspace(const OpCall&, const Multiprocessors&) { return {{WorkspaceKind::cublas}}; }

}  // namespace

std::vector<OpRow> product_rows() {
  return {
      {Op::addmm, "addmm", 3, 1, {}, infer_addmm, by_product, addmm_workspace, true},
      {Op::addmm_relu, "addmm_relu", 3, 1, {}, infer_addmm, by_product, epilogue_workspace, true},
      {Op::addmm_gelu_tanh,
       "addmm_gelu_tanh",
       3,
       -1,
       {"keeps_sum"},
       infer_addmm_gelu,
       by_product,
       epilogue_workspace,
       true},
      {Op::bmm,
       "bmm",
       2,
       1,
       {"transpose_a", "transpose_b", "heads", "length", "third_a", "third_b", "as_rows"},
       infer_bmm,
       by_heads,
       product_workspace,
       true},
      {Op::mm, "mm", 2, 1, {"transpose_a", "transpose_b"}, infer_mm, by_product, product_workspace, true},
  };
}

}  // namespace memsweep::ops
