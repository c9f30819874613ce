#include "harness/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace memsweep {
namespace {

/// Optimal string alignment: insertions, deletions and replacements of one letter, and two letters exchanged.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_above, above, row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    two_above = std::exchange(above, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      const bool exchanged = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (exchanged) row[j + 1] = std::min(row[j + 1], two_above[j - 1] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> known) {
  if (name.empty()) return std::nullopt;
  const auto begun =
      std::find_if(known.begin(), known.end(), [&](auto candidate) { return candidate.starts_with(name); });
  if (begun != known.end()) return *begun;
  const auto least = std::min_element(known.begin(), known.end(),
                                      [&](auto a, auto b) { return distance(name, a) < distance(name, b); });
  if (least == known.end()) return std::nullopt;
  // A name of which every letter is wrong is no typing error.
  const std::size_t wrong = distance(name, *least);
  const bool near = wrong < name.size() && wrong <= std::max<std::size_t>(2, name.size() / 3);
  return near ? std::optional(*least) : std::nullopt;
}

std::string unknown(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  if (const auto near = nearest(name, known)) {
    return fmt::format("there is no {} '{}'; did you mean '{}'?", what, name, *near);
  }
  return fmt::format("there is no {} '{}'; known are: {}", what, name, fmt::join(known, ", "));
}

}  // namespace memsweep
