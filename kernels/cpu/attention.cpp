// Causal attention without the scores of all pairs: block of queries by block of queries, against all keys
// up to the block's end. Each head is one thread's.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/transcendental.h"

namespace memsweep::cpu {
namespace {

constexpr std::int64_t kBlock = 64;  // queries

/// Blocks of weights, both ways.
struct Attention : AttentionCall {
  using AttentionCall::AttentionCall;

  /// Weights of queries [first, first + count) against keys [0, first + count), from their scores.
  template <class Exponent>
  void weigh(std::int64_t first, std::int64_t count, float* scores, const Exponent& exponent) const {
    const std::int64_t keys = first + count;
    for (std::int64_t i = 0; i < count; ++i) {
      float* row = scores + i * keys;
      const std::int64_t seen = first + i + 1;
      exponent(i, row, seen);
      std::fill(row + seen, row + keys, 0.0f);
    }
  }

  /// y = x where the weight is kept, scaled up; 0 where it is dropped.
  void drop(std::int64_t head, std::int64_t first, std::int64_t count, const float* x, float* y) const {
    const std::int64_t keys = first + count;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t start = first_weight(head, first + i);
#pragma omp simd
      for (std::int64_t j = 0; j < keys; ++j) y[i * keys + j] = dropped(x[i * keys + j], start + j);
    }
  }
};

/// Rows [first, ..) of matrix i.
Factor factor(const HeadMatrices& m, const float* data, std::int64_t i, std::int64_t first = 0,
              bool transposed = false) {
  return {data + m.offset(i) + first * m.row_stride, m.row_stride, transposed};
}

std::size_t scores_of(std::int64_t length) {
  return static_cast<std::size_t>(std::min(kBlock, length) * length);
}

}  // namespace

void attention(const OpCall& call, const Views& views) {
  const Attention at(call, call.inputs[0].shape);
  const float* qkv = input(views, 0);
  float *y = output(views, 0), *all_lse = output(views, 1);
  const std::int64_t padded = call.outputs[1].shape.columns(), length = at.q.length;
  parallel_for(at.q.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scores(scores_of(length));
    for (std::int64_t head = begin; head < end; ++head) {
      float* lse = all_lse + head * padded;
      std::fill_n(lse, padded, 0.0f);
      for (std::int64_t first = 0; first < length; first += kBlock) {
        const std::int64_t count = std::min(kBlock, length - first), keys = first + count;
        multiply_here({count, keys, at.q.size, factor(at.q, qkv, head, first),
                       factor(at.k, qkv, head, 0, true), 0, scores.data(), keys});
        at.weigh(first, count, scores.data(), [&](std::int64_t i, float* row, std::int64_t seen) {
          const float top = *std::max_element(row, row + seen) * at.scale;
          double sum = 0;
#pragma omp simd reduction(+ : sum)
          for (std::int64_t j = 0; j < seen; ++j) {
            row[j] = exp(row[j] * at.scale - top);
            sum += static_cast<double>(row[j]);
          }
          const auto share = static_cast<float>(1 / sum);
#pragma omp simd
          for (std::int64_t j = 0; j < seen; ++j) row[j] *= share;
          lse[first + i] = top + static_cast<float>(std::log(sum));
        });
        if (at.drops) at.drop(head, first, count, scores.data(), scores.data());
        multiply_here({count,
                       at.v.size,
                       keys,
                       {scores.data(), keys},
                       factor(at.v, qkv, head),
                       0,
                       y + at.rows.offset(head) + first * at.rows.row_stride,
                       at.rows.row_stride});
      }
    }
  });
}

namespace {

struct AttentionGradients {
  const float *grad, *qkv, *lse, *delta;
  float *dq, *dk, *dv;
  std::int64_t padded, padded_delta;
};

/// Work space of one thread: weights, those that dropout leaves, and the gradient of either.
struct Scratch {
  std::vector<float> weights, dropped, gradient;

  explicit Scratch(std::int64_t length)
      : weights(scores_of(length)), dropped(weights.size()), gradient(weights.size()) {}
};

void backward_block(const Attention& at, const AttentionGradients& g, std::int64_t head, std::int64_t first,
                    Scratch& scratch) {
  const std::int64_t length = at.q.length, size = at.q.size, stride = at.rows.row_stride;
  const std::int64_t count = std::min(kBlock, length - first), keys = first + count;
  float *p = scratch.weights.data(), *ds = scratch.gradient.data();
  const float *lse = g.lse + head * g.padded + first, *delta = g.delta + head * g.padded_delta + first;
  multiply_here(
      {count, keys, size, factor(at.q, g.qkv, head, first), factor(at.k, g.qkv, head, 0, true), 0, p, keys});
  at.weigh(first, count, p, [&](std::int64_t i, float* row, std::int64_t seen) {
#pragma omp simd
    for (std::int64_t j = 0; j < seen; ++j) row[j] = exp(row[j] * at.scale - lse[i]);
  });
  float* kept = p;
  if (at.drops) {
    kept = scratch.dropped.data();
    at.drop(head, first, count, p, kept);
  }
  const Factor grad = factor(at.rows, g.grad, head, first);
  const std::int64_t out = at.rows.offset(head);
  multiply_here({keys, size, count, {kept, keys, true}, grad, 1, g.dv + out, stride});
  multiply_here({count, keys, size, grad, factor(at.v, g.qkv, head, 0, true), 0, ds, keys});
  if (at.drops) at.drop(head, first, count, ds, ds);
  for (std::int64_t i = 0; i < count; ++i) {
#pragma omp simd
    for (std::int64_t j = 0; j < keys; ++j)
      ds[i * keys + j] = p[i * keys + j] * (ds[i * keys + j] - delta[i]) * at.scale;
  }
  multiply_here(
      {count, size, keys, {ds, keys}, factor(at.k, g.qkv, head), 0, g.dq + out + first * stride, stride});
  multiply_here(
      {keys, size, count, {ds, keys, true}, factor(at.q, g.qkv, head, first), 1, g.dk + out, stride});
}

}  // namespace

void attention_backward(const OpCall& call, const Views& views) {
  const Attention at(call, call.inputs[1].shape);
  const AttentionGradients g{input(views, 0),
                             input(views, 1),
                             input(views, 3),
                             input(views, 4),
                             output(views, 0),
                             output(views, 1),
                             output(views, 2),
                             call.inputs[3].shape.columns(),
                             call.inputs[4].shape.elements() / at.q.count()};
  for (float* sums : {g.dk, g.dv}) std::fill_n(sums, elements(call), 0.0f);
  parallel_for(at.q.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch(at.q.length);
    for (std::int64_t head = begin; head < end; ++head) {
      for (std::int64_t first = 0; first < at.q.length; first += kBlock)
        backward_block(at, g, head, first, scratch);
    }
  });
}

void attention_delta(const OpCall& call, const Views& views) {
  const auto [heads, length, group] = call.numbers<3>();
  const auto rows = HeadMatrices::in_rows(call.inputs[1].shape, static_cast<std::int64_t>(heads),
                                          static_cast<std::int64_t>(length), 0, 1);
  const float *grad = input(views, 0), *y = input(views, 1);
  float* delta = output(views, 0);
  const std::int64_t padded = call.outputs[0].shape.columns(), size = rows.size;
  std::fill_n(delta, elements(call), 0.0f);
  for_each_row(rows.count() * rows.length, size, [=](std::int64_t i) {
    const std::int64_t head = i / rows.length, row = i % rows.length;
    const std::int64_t first = rows.offset(head) + row * rows.row_stride;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = first; j < first + size; ++j) sum += static_cast<double>(grad[j] * y[j]);
    delta[head * padded + row] = static_cast<float>(sum);
  });
}

}  // namespace memsweep::cpu
