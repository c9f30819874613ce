// 8-bit vectors: how many values share a scale (bitsandbytes' block size; arXiv 2110.02861 has 2048).
#pragma once

#include <cstdint>

namespace memsweep {

inline constexpr std::int64_t kScaleBlock = 256;
inline constexpr std::int64_t kCodes = 256;

[[nodiscard]] constexpr std::int64_t scale_blocks(std::int64_t elements) {
  return (elements + kScaleBlock - 1) / kScaleBlock;
}

}  // namespace memsweep
