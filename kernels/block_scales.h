// 8-bit vectors: how many values share a scale (bitsandbytes' block size; arXiv 2110.02861 has 2048), and the
// books of their codes.
#pragma once

#include <array>
#include <cstdint>

namespace memsweep {

inline constexpr std::int64_t kScaleBlock = 256;
inline constexpr std::int64_t kCodes = 256;

[[nodiscard]] constexpr std::int64_t scale_blocks(std::int64_t elements) {
  return (elements + kScaleBlock - 1) / kScaleBlock;
}

/// The value of each code, ascending, for vectors with signs or without.
[[nodiscard]] std::array<float, kCodes> code_values(bool is_signed);

}  // namespace memsweep
