// CUDA's bfloat16: the upper half of an f32.
#pragma once

#include "kernels/half.h"

struct alignas(2) __nv_bfloat16 {
  std::uint16_t bits;
};

inline __nv_bfloat16 __float2bfloat16_rn(float value) { return {memsweep::bf16_of_f32(value)}; }
inline float __bfloat162float(__nv_bfloat16 value) { return memsweep::f32_of_bf16(value.bits); }
