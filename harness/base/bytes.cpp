#include "harness/base/bytes.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

constexpr std::string_view kPrefixes = "KMGT";

[[noreturn]] void malformed(std::string_view text) {
  throw UsageError(fmt::format("'{}' is no size; write it as 512MiB, 1.5GiB or 2000000", text));
}

/// The factor of "", "B", "K", "KiB", "KB" and so on; 0 for anything else.
double factor_of(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  const auto power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) return 0;
  const auto rest = unit.substr(1);
  const double base = rest == "B" ? 1000 : rest.empty() || rest == "iB" ? 1024 : 0;
  return std::pow(base, static_cast<double>(power + 1));
}

}  // namespace

std::string format_bytes(std::size_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  // At most four digits, and none behind the point that say nothing.
  const int decimals = value == std::floor(value) || value >= 1000 ? 0 : value >= 100 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, kUnits[unit]);
}

std::size_t parse_bytes(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) malformed(text);
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const double bytes = value * factor_of(unit);
  constexpr double kLargest = 1ULL << 60;
  if (!(bytes >= 1) || bytes > kLargest) malformed(text);
  return static_cast<std::size_t>(bytes);
}

}  // namespace memsweep
