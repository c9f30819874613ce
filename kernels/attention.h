// What a call of attention (kernels/ops/attention.cpp) is about, in both directions.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/drawn.h"
#include "kernels/heads.h"
#include "kernels/op.h"

namespace memsweep {

struct AttentionCall {
  HeadMatrices q, k, v;  // thirds of packed rows
  HeadMatrices rows;     // of results and of gradients
  float scale;           // of scores
  DropoutMask mask;
  bool drops;

  /// `qkv`: the shape of the packed rows.
  AttentionCall(const OpCall& call, const Shape& qkv) : AttentionCall(call, qkv, call.numbers<8>()) {}

  /// The number of the first weight of a query among those that dropout draws for.
  [[nodiscard]] constexpr std::int64_t first_weight(std::int64_t head, std::int64_t query) const {
    return (head * q.length + query) * q.length;
  }
  /// A weight after dropout; its gradient goes the same way.
  [[nodiscard]] constexpr float dropped(float weight, std::int64_t number) const {
    const float scaled = weight * mask.factor;  // without a branch, for loops that become vectors
    return mask.keeps(number) ? scaled : 0.0f;
  }

 private:
  AttentionCall(const OpCall& call, const Shape& qkv, const std::array<double, 8>& n)
      : q(third(qkv, n, 0)),
        k(third(qkv, n, 1)),
        v(third(qkv, n, 2)),
        rows(HeadMatrices::in_rows({qkv[0], qkv[1] / 3}, q.heads, q.length, 0, 1)),
        scale(static_cast<float>(1 / std::sqrt(static_cast<double>(q.size)))),
        mask(generator_of(call, {n[3], n[4], n[5], n[6], n[7]}), n[2]),
        drops(n[2] > 0) {}

  static HeadMatrices third(const Shape& qkv, const std::array<double, 8>& n, std::int64_t i) {
    return HeadMatrices::in_rows(qkv, static_cast<std::int64_t>(n[0]), static_cast<std::int64_t>(n[1]), i, 3);
  }
};

}  // namespace memsweep
