// CUDA's half: IEEE binary16.
#pragma once

#include "kernels/half.h"

struct alignas(2) __half {
  std::uint16_t bits;
};

inline __half __float2half_rn(float value) { return {memsweep::f16_of_f32(value)}; }
inline float __half2float(__half value) { return memsweep::f32_of_f16(value.bits); }
