#include "harness/memory/size_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace memsweep {
namespace {

std::size_t round_up(std::size_t bytes, std::size_t granule) noexcept {
  return (bytes + granule - 1) / granule * granule;
}

std::size_t divisions_for(std::size_t bytes, const RoundupTable& divisions) noexcept {
  const int log2 = static_cast<int>(std::bit_width(bytes)) - 1;
  return divisions[static_cast<std::size_t>(std::clamp(log2 - 20, 0, 15))];
}

}  // namespace

std::size_t round_size(std::size_t bytes, const RoundupTable& divisions) noexcept {
  if (bytes < kMinBlock) return kMinBlock;
  const std::size_t parts = divisions_for(bytes, divisions);
  // Each power of two is divided in `parts` steps, where a step is at least one granule.
  if (parts > 1 && bytes > kMinBlock * parts) return round_up(bytes, std::bit_floor(bytes) / parts);
  return round_up(bytes, kMinBlock);
}

std::size_t segment_size(std::size_t rounded, std::size_t large_segment) noexcept {
  if (rounded <= kSmallMax) return kSmallSegment;
  if (rounded < kMinLarge) return large_segment;
  return round_up(rounded, kRoundLarge);
}

std::string format_size(std::size_t bytes) {
  constexpr double kKiB = 1024.0;
  const auto size = static_cast<double>(bytes);
  if (bytes <= std::size_t{1} << 10) return fmt::format("{} bytes", bytes);
  if (bytes <= std::size_t{1} << 20) return fmt::format("{:.2f} KiB", size / kKiB);
  if (bytes <= std::size_t{1} << 30) return fmt::format("{:.2f} MiB", size / (kKiB * kKiB));
  return fmt::format("{:.2f} GiB", size / (kKiB * kKiB * kKiB));
}

}  // namespace memsweep
