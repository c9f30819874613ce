// Values of the floating-point types, read and written on the host: what is computed there is f32.
#pragma once

#include <library_types.h>

#include <cstdint>

#include "kernels/half.h"

namespace memsweep::standin {

/// `type`: CUDA_R_32F, CUDA_R_16F or CUDA_R_16BF.
inline float load_value(const void* data, std::uint32_t type, std::int64_t index) {
  switch (type) {
    case CUDA_R_16F: return f32_of_f16(static_cast<const std::uint16_t*>(data)[index]);
    case CUDA_R_16BF: return f32_of_bf16(static_cast<const std::uint16_t*>(data)[index]);
    default: return static_cast<const float*>(data)[index];
  }
}

inline void store_value(void* data, std::uint32_t type, std::int64_t index, float value) {
  switch (type) {
    case CUDA_R_16F: static_cast<std::uint16_t*>(data)[index] = f16_of_f32(value); break;
    case CUDA_R_16BF: static_cast<std::uint16_t*>(data)[index] = bf16_of_f32(value); break;
    default: static_cast<float*>(data)[index] = value;
  }
}

}  // namespace memsweep::standin
