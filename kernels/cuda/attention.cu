// Causal attention without the scores of all pairs: forward and backward for queries one query a warp,
// backward for keys and values one key a warp. Weights are computed again where they are needed.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cuda/attention_rows.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

/// Logsumexps or deltas.
struct PerQuery {
  Ref values;
  std::int64_t padded;  // elements from head to head

  __device__ float at(std::int64_t head, std::int64_t query) const {
    return load(values, head * padded + query);
  }
};

__global__ void __launch_bounds__(kRowsEach* kWarp)
    attention_kernel(AttentionCall at, Ref qkv, Ref y, PerQuery lse) {
  const Share share(at.q);
  const HeadRows q(qkv, at.q, share.head), k(qkv, at.k, share.head), v(qkv, at.v, share.head);
  const std::int64_t keys = std::min<std::int64_t>(share.first_row + kRowsEach, at.q.length);
  float top = -INFINITY, sum = 0, sums[kColumnsEach] = {};
  for (std::int64_t first = 0; first < keys; first += kWarp) {
    const std::int64_t key = first + share.lane;
    const bool seen = key <= share.row;
    const float score = share.product(q, k, first) * at.scale;
    const float old_top = top;
    top = fmaxf(top, over_warp(seen ? score : -INFINITY, Largest{}));
    const float remains = expf(old_top - top);
    const float weight = seen ? expf(score - top) : 0;
    sum = sum * remains + warp_sum(weight);
    for (float& each : sums) each *= remains;
    const std::int64_t number = at.first_weight(share.head, share.row) + key;
    share.add_rows(at.drops ? at.dropped(weight, number) : weight, v, first, sums);
  }
  share.store_sums(sums, 1 / sum, at.rows, y);
  if (share.lane == 0 && share.first_column == 0 && share.row < at.q.length)
    store(lse.values, share.head * lse.padded + share.row, top + logf(sum));
}

struct BackwardOperands {
  Ref grad, qkv;
  PerQuery lse, delta;
};

/// Of one pair of a query and a key: the weight after dropout, and the gradient of the score.
struct Pair {
  float weight = 0, gradient = 0;

  Pair() = default;
  /// From the products of the query and the key, and of the gradient and the value.
  __device__ Pair(const AttentionCall& at, const BackwardOperands& in, std::int64_t head, std::int64_t query,
                  std::int64_t key, float score, float weight_gradient) {
    const float share = expf(score * at.scale - in.lse.at(head, query));
    const std::int64_t number = at.first_weight(head, query) + key;
    weight = at.drops ? at.dropped(share, number) : share;
    if (at.drops) weight_gradient = at.dropped(weight_gradient, number);
    gradient = share * (weight_gradient - in.delta.at(head, query)) * at.scale;
  }
};

__global__ void __launch_bounds__(kRowsEach* kWarp)
    attention_backward_queries_kernel(AttentionCall at, BackwardOperands in, Ref dq) {
  const Share share(at.q);
  const HeadRows q(in.qkv, at.q, share.head), k(in.qkv, at.k, share.head), v(in.qkv, at.v, share.head);
  const HeadRows grad(in.grad, at.rows, share.head);
  const std::int64_t keys = std::min<std::int64_t>(share.first_row + kRowsEach, at.q.length);
  float sums[kColumnsEach] = {};
  for (std::int64_t first = 0; first < keys; first += kWarp) {
    const std::int64_t key = first + share.lane;
    const float score = share.product(q, k, first), weight_gradient = share.product(grad, v, first);
    Pair pair;
    if (share.row < at.q.length && key <= share.row)
      pair = Pair(at, in, share.head, share.row, key, score, weight_gradient);
    share.add_rows(pair.gradient, k, first, sums);
  }
  share.store_sums(sums, 1, at.rows, dq);
}

__global__ void __launch_bounds__(kRowsEach* kWarp)
    attention_backward_keys_kernel(AttentionCall at, BackwardOperands in, Ref dk, Ref dv) {
  const Share share(at.q);
  const HeadRows q(in.qkv, at.q, share.head), k(in.qkv, at.k, share.head), v(in.qkv, at.v, share.head);
  const HeadRows grad(in.grad, at.rows, share.head);
  float k_sums[kColumnsEach] = {}, v_sums[kColumnsEach] = {};
  for (std::int64_t first = share.first_row; first < at.q.length; first += kWarp) {
    const std::int64_t query = first + share.lane;
    const float score = share.product(k, q, first), weight_gradient = share.product(v, grad, first);
    Pair pair;
    if (query < at.q.length && share.row <= query)
      pair = Pair(at, in, share.head, query, share.row, score, weight_gradient);
    share.add_rows(pair.weight, grad, first, v_sums);
    share.add_rows(pair.gradient, q, first, k_sums);
  }
  share.store_sums(k_sums, 1, at.rows, dk);
  share.store_sums(v_sums, 1, at.rows, dv);
}

}  // namespace

void attention(const CudaContext& context, const OpCall& call, const Views& views) {
  const AttentionCall at(call, call.inputs[0].shape);
  const TensorType& lse = call.outputs[1];
  check(cudaMemsetAsync(views.outputs[1], 0, lse.bytes(), context.stream), "cudaMemsetAsync");
  launch(context, Share::grid(at.q), attention_kernel, at, input(call, views, 0), output(call, views, 0),
         PerQuery{output(call, views, 1), lse.shape.columns()});
}

void attention_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const AttentionCall at(call, call.inputs[1].shape);
  const auto per_query = [&](std::size_t i) {
    return PerQuery{input(call, views, i), call.inputs[i].shape.elements() / at.q.count()};
  };
  const BackwardOperands in{input(call, views, 0), input(call, views, 1), per_query(3), per_query(4)};
  launch(context, Share::grid(at.q), attention_backward_queries_kernel, at, in, output(call, views, 0));
  launch(context, Share::grid(at.q), attention_backward_keys_kernel, at, in, output(call, views, 1),
         output(call, views, 2));
}

namespace {

/// Of a row of `queries` for each head, the padding 0.
__global__ void attention_delta_kernel(HeadMatrices m, Matrix queries, Ref grad, Ref y, Ref delta) {
  for (std::int64_t i = blockIdx.x; i < queries.rows * queries.columns; i += gridDim.x) {
    const std::int64_t row = i % queries.columns, first = m.offset(i / queries.columns) + row * m.row_stride;
    const float sum = sum_of(row < m.length ? m.size : 0,
                             [&](std::int64_t j) { return load(grad, first + j) * load(y, first + j); });
    if (threadIdx.x == 0) store(delta, i, sum);
  }
}

}  // namespace

void attention_delta(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [heads, length, group] = call.numbers<3>();
  const auto m = HeadMatrices::in_rows(call.inputs[1].shape, static_cast<std::int64_t>(heads),
                                       static_cast<std::int64_t>(length), 0, 1);
  const Matrix queries{m.count(), call.outputs[0].shape.columns()};
  launch(context, grid_of({elements(call), m.size}), attention_delta_kernel, m, queries,
         input(call, views, 0), input(call, views, 1), output(call, views, 0));
}

}  // namespace memsweep::cuda
