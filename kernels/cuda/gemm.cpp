// The ops that are matrix products. They work in what they borrowed, where they still have it.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/repeat.h"
#include "kernels/heads.h"

namespace memsweep::cuda {
namespace {

void* place(const TensorType& type, void* data, std::int64_t offset) {
  return static_cast<std::byte*>(data) + offset * static_cast<std::int64_t>(size_of(type.dtype));
}

}  // namespace

void addmm(const CudaContext& context, const OpCall& call, const Views& views) {
  const TensorType &x = call.inputs[0], &w = call.inputs[1], &bias = call.inputs[2], &y = call.outputs[0];
  const std::int64_t rows = y.shape[0], columns = y.shape[1], inner = w.shape[1];
  Product product{rows,
                  columns,
                  inner,
                  {views.inputs[0], x.dtype, inner},
                  {views.inputs[1], w.dtype, inner, true},
                  {views.outputs[0], y.dtype, columns}};
  product.tf32 = call.tf32;
  if (bias.dtype == y.dtype) {
    product.bias = views.inputs[2];
  } else {  // which cuBLASLt does not know
    repeat(context, input(call, views, 2), columns, 1, output(call, views, 0), rows * columns);
    product.keep = 1;
  }
  multiply(context, product, borrowed(views, 0));
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
    const auto at = [i](const TensorType& type, void* data, std::int64_t first, std::int64_t stride) {
      return place(type, data, first + i * stride);
    };
    const TensorType &in_a = call.inputs[0], &in_b = call.inputs[1], &out = call.outputs[0];
    Product product{
        m,
        n,
        a.columns(),
        {at(in_a, views.inputs[0], a.first, outer.a), in_a.dtype, a.row_stride, a.transposed, inner.a},
        {at(in_b, views.inputs[1], b.first, outer.b), in_b.dtype, b.row_stride, b.transposed, inner.b},
        {at(out, views.outputs[0], 0, outer.c), out.dtype, n, false, inner.c}};
    product.batches = inner.count;
    product.tf32 = call.tf32;
    multiply(context, product, borrowed(views, 0));
  }
}

}  // namespace memsweep::cuda
