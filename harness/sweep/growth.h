// A first guess for the search of a boundary: probes of growing values, and a straight line through the last
// two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace memsweep {

/// Near the largest of [1, limit] that fits in `capacity` bytes. `need(n)` is what n takes, bytes; nothing
/// where it does not fit. No value is probed that is more than eight times as large as one that fits.
template <typename Need>
[[nodiscard]] std::int64_t guess_by_growth(Need&& need, std::int64_t limit, std::size_t capacity) {
  constexpr std::int64_t kGrowth = 8;
  const auto bytes = [&](std::int64_t value) -> std::optional<double> {
    const std::optional<std::size_t> needed = need(value);
    return needed ? std::optional(static_cast<double>(*needed)) : std::nullopt;
  };
  std::int64_t low = 1;
  std::optional<double> at_low = bytes(low);
  while (at_low && low < limit) {
    const std::int64_t high = std::min(limit, kGrowth * low);
    const std::optional<double> at_high = bytes(high);
    if (!at_high) return low + (high - low) / 2;
    const double each = (*at_high - *at_low) / static_cast<double>(high - low);
    const double more =
        (static_cast<double>(capacity) - *at_high) / each;  // than high; infinite or less than 0
    if (more >= 0 && more <= static_cast<double>((kGrowth - 1) * high))
      return std::min(limit, high + static_cast<std::int64_t>(more));
    low = high;
    at_low = at_high;
  }
  return low;
}

}  // namespace memsweep
