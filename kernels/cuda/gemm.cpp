// The ops that are matrix products. They work in what they borrowed, where they still have it.
#include <cstdint>
#include <utility>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/repeat.h"
#include "kernels/heads.h"

namespace memsweep::cuda {

namespace {

/// Of x and the weight to the first result, without the bias.
Product linear(const OpCall& call, const Views& views) {
  const TensorType &x = call.inputs[0], &w = call.inputs[1], &y = call.outputs[0];
  const std::int64_t rows = y.shape[0], columns = y.shape[1], inner = w.shape[1];
  Product product{rows,
                  columns,
                  inner,
                  {views.inputs[0], x.dtype, inner},
                  {views.inputs[1], w.dtype, inner, true},
                  {views.outputs[0], y.dtype, columns}};
  product.tf32 = call.tf32;
  return product;
}

/// Of another one cuBLASLt knows nothing.
bool bias_has_type_of_result(const OpCall& call) { return call.inputs[2].dtype == call.outputs[0].dtype; }

}  // namespace

void addmm(const CudaContext& context, const OpCall& call, const Views& views) {
  Product product = linear(call, views);
  if (bias_has_type_of_result(call)) {
    product.bias = views.inputs[2];
  } else {
    repeat(context, input(call, views, 2), product.n, 1, output(call, views, 0), product.m * product.n);
    product.keep = 1;
  }
  multiply(context, product, borrowed(views, 0));
}

namespace {

/// In one kernel where cuBLASLt has one, else in two. The last result, which may be the first, takes the sum.
void activated_linear(const CudaContext& context, const OpCall& call, const Views& views,
                      Activation activation, CudaBody body) {
  if (bias_has_type_of_result(call)) {
    Product product = linear(call, views);
    product.bias = views.inputs[2];
    product.activation = activation;
    if (call.outputs.size() == 2) product.sum = views.outputs[1];
    if (multiply_if_known(context, product, borrowed(views, 0))) return;
  }
  OpCall product = call, activated = call;
  product.outputs = activated.inputs = call.outputs.last(1);
  activated.outputs = call.outputs.first(1);
  Views in_product = views;
  in_product.outputs = views.outputs.last(1);
  addmm(context, product, in_product);
  body(context, activated, {views.outputs.last(1), views.outputs.first(1), {}});
}

}  // namespace

void addmm_relu(const CudaContext& context, const OpCall& call, const Views& views) {
  activated_linear(context, call, views, Activation::relu, relu);
}

void addmm_gelu_tanh(const CudaContext& context, const OpCall& call, const Views& views) {
  activated_linear(context, call, views, Activation::gelu_tanh, gelu_tanh);
}

void mm(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [transpose_a, transpose_b] = call.numbers<2>();
  const TensorType &a = call.inputs[0], &b = call.inputs[1], &c = call.outputs[0];
  Product product{c.shape[0],
                  c.shape[1],
                  transpose_a != 0 ? a.shape[0] : a.shape.flat(),
                  {views.inputs[0], a.dtype, a.shape.flat(), transpose_a != 0},
                  {views.inputs[1], b.dtype, b.shape.flat(), transpose_b != 0},
                  {views.outputs[0], c.dtype, c.shape[1]}};
  product.tf32 = call.tf32;
  multiply(context, product, borrowed(views, 0));
}

namespace {

/// Equally spaced matrices of both factors and of the result.
struct Level {
  std::int64_t count, a, b, c;  // strides in elements
};

bool continues(const Level& outer, const Level& inner) {
  return outer.a == inner.count * inner.a && outer.b == inner.count * inner.b;
}

}  // namespace

/// cuBLASLt knows one level of strides: batches and heads are one where both factors lie so, else the shorter
/// of the two is a loop.
void bmm(const CudaContext& context, const OpCall& call, const Views& views) {
  const HeadProduct heads(call.inputs, call.attributes);
  const HeadMatrices &a = heads.a, &b = heads.b;
  const std::int64_t m = a.rows(), n = b.columns();
  Level inner{a.heads, a.head_stride, b.head_stride, m * n};
  Level outer{a.batch, a.batch_stride, b.batch_stride, a.heads * m * n};
  if (continues(outer, inner)) {
    inner.count *= std::exchange(outer.count, 1);
  } else if (outer.count > inner.count) {
    std::swap(outer, inner);
  }
  for (std::int64_t i = 0; i < outer.count; ++i) {
    const Ref in_a = from(input(call, views, 0), a.first + i * outer.a);
    const Ref in_b = from(input(call, views, 1), b.first + i * outer.b);
    const Ref out = from(output(call, views, 0), i * outer.c);
    Product product{m,
                    n,
                    a.columns(),
                    {in_a.data, in_a.type, a.row_stride, a.transposed, inner.a},
                    {in_b.data, in_b.type, b.row_stride, b.transposed, inner.b},
                    {out.data, out.type, n, false, inner.c}};
    product.batches = inner.count;
    product.tf32 = call.tf32;
    multiply(context, product, borrowed(views, 0));
  }
}

}  // namespace memsweep::cuda
