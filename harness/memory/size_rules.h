// Sizes as PyTorch's CUDA caching allocator rounds them. All in bytes.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace memsweep {

// c10/cuda/CUDACachingAllocator.cpp and c10/core/AllocatorConfig.h of PyTorch 2.11 to 2.15.
inline constexpr std::size_t kMinBlock = 512;                        // every block and offset is a multiple
inline constexpr std::size_t kSmallMax = std::size_t{1} << 20;       // rounded sizes up to it: small pool
inline constexpr std::size_t kSmallSegment = std::size_t{2} << 20;   // of the small pool; also its page
inline constexpr std::size_t kLargeSegment = std::size_t{20} << 20;  // default; also the large pool's page
inline constexpr std::size_t kMinLarge = std::size_t{10} << 20;      // from here on a segment of its own
inline constexpr std::size_t kRoundLarge = std::size_t{2} << 20;     // granule of such segments
inline constexpr std::size_t kAbsurd = std::size_t{1} << 60;         // refused before anything is tried

/// roundup_power2_divisions by size class: entry i serves [2^i, 2^(i+1)) MiB, the first and the last
/// also all below and above. 0 and 1: off; else a power of two.
using RoundupTable = std::array<std::size_t, 16>;

/// The block that serves a request. 0 < bytes < kAbsurd.
std::size_t round_size(std::size_t bytes, const RoundupTable& divisions) noexcept;

/// The segment that is asked of the device for a block of a rounded size.
std::size_t segment_size(std::size_t rounded, std::size_t large_segment) noexcept;

/// As PyTorch prints sizes: `512 bytes`, `20.00 MiB`.
std::string format_size(std::size_t bytes);

}  // namespace memsweep
