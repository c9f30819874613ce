#include "harness/report/quantity.h"

#include <array>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace memsweep {
namespace {

/// `value` in the first unit, each a thousand of the one before, in which it takes three digits.
std::string in_units(double value, std::span<const std::string_view> units) {
  constexpr double kFourDigits = 999.5;  // rounded
  std::size_t unit = 0;
  for (; value >= kFourDigits && unit + 1 < units.size(); ++unit) value /= 1000;
  return value < kFourDigits ? fmt::format("{:.3g}{}", value, units[unit])
                             : fmt::format("{:.0f}{}", value, units[unit]);
}

}  // namespace

std::string format_duration(double seconds) {
  constexpr std::array<std::string_view, 3> kUnits{"us", "ms", "s"};
  return in_units(seconds * 1e6, kUnits);
}

std::string format_count(double count) {
  constexpr std::array<std::string_view, 5> kUnits{"", "k", "M", "G", "T"};
  return in_units(count, kUnits);
}

std::string format_share(double share) { return fmt::format("{:.0f}%", 100 * share); }

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}  // namespace memsweep
