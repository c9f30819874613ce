#include "harness/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace memsweep {
namespace {

/// Levenshtein's distance: insertions, deletions and replacements of one letter.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string unknown(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  std::string text = fmt::format("there is no {} '{}'", what, name);
  const auto nearest = std::min_element(
      known.begin(), known.end(), [&](auto a, auto b) { return distance(name, a) < distance(name, b); });
  if (nearest != known.end() && distance(name, *nearest) <= std::max<std::size_t>(2, name.size() / 3)) {
    return text + fmt::format("; did you mean '{}'?", *nearest);
  }
  return text + fmt::format("; known are: {}", fmt::join(known, ", "));
}

}  // namespace memsweep
