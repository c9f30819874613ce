// The physical granule of device memory.
#pragma once

#include <cstddef>

namespace memsweep {

inline constexpr std::size_t kGranule = std::size_t{2} << 20;  // of cudaMalloc, on GPUs since Pascal

/// Up to whole granules. `bytes` is far below 2^64.
constexpr std::size_t round_to_granule(std::size_t bytes) noexcept {
  return (bytes + kGranule - 1) / kGranule * kGranule;
}

}  // namespace memsweep
