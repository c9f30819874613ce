// Calls on 16-bit operands, made of those on f32.
#pragma once

#include <algorithm>
#include <array>

#include "tests/kernels/operands.h"

namespace memsweep::testing {

inline Tensor cast_to(const Tensor& x, double type) { return run({Op::cast, {type}, {x}})[0]; }

inline bool is_half(const Tensor& x) { return x.type().dtype == DType::f16 || x.type().dtype == DType::bf16; }

/// The same call on operands of another type; targets and masks, and the statistics of rows, stay as they
/// are.
inline Example in_type(Example example, double type) {
  for (std::size_t i = 0; i < example.inputs.size(); ++i) {
    const bool statistic = (example.op == Op::layer_norm_backward && (i == 2 || i == 3)) ||
                           (example.op == Op::batch_norm_backward && (i == 3 || i == 4));
    if (example.inputs[i].type().dtype == DType::f32 && !statistic)
      example.inputs[i] = cast_to(example.inputs[i], type);
  }
  for (TensorType& made : example.generated) {
    if (made.dtype == DType::f32) made.dtype = static_cast<DType>(type);
  }
  return example;
}

/// It names a type, knows 8-bit state whose scales are f32, or leaves its result as it is.
inline bool has_types_of_its_own(Op op) {
  constexpr std::array kOps{Op::cast,     Op::join_norms, Op::adam8bit_fused,
                            Op::quantise, Op::dequantise, Op::empty};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

}  // namespace memsweep::testing
