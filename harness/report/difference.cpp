#include "harness/report/difference.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/quantity.h"

namespace memsweep {
namespace {

// Measured times that differ by less than this are the same: no machine is quieter.
constexpr double kMeasuredTolerance = 0.05;
// Modelled times have no noise; this is for the model's own rounding.
constexpr double kModelledTolerance = 0.001;

/// The number as well where both read alike.
std::array<std::string, 2> byte_cells(std::size_t base, std::size_t next) {
  std::array cells{format_bytes(base), format_bytes(next)};
  if (cells[0] == cells[1]) {
    cells[0] += fmt::format(" ({})", base);
    cells[1] += fmt::format(" ({})", next);
  }
  return cells;
}

std::string time_cell(const Spread& spread) {
  if (spread.samples == 0) return "not taken";
  if (spread.iqr == 0) return format_duration(spread.median);
  return fmt::format("{} +-{}", format_duration(spread.median), format_duration(median_uncertainty(spread)));
}

}  // namespace

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string signed_bytes(std::size_t base, std::size_t next) {
  return next > base ? fmt::format("+{}", format_bytes(next - base))
                     : fmt::format("-{}", format_bytes(base - next));
}

Change byte_change(Judgement judgement, std::string what, std::size_t base, std::size_t next,
                   std::string because) {
  auto [base_cell, next_cell] = byte_cells(base, next);
  return {judgement,
          std::move(what),
          std::move(base_cell),
          std::move(next_cell),
          signed_bytes(base, next),
          std::move(because)};
}

Change count_change(Judgement judgement, std::string what, std::int64_t base, std::int64_t next) {
  return {judgement, std::move(what), fmt::format("{}", base), fmt::format("{}", next),
          fmt::format("{:+}", next - base)};
}

std::optional<Change> time_change(std::string what, const Spread& base, const Spread& next,
                                  const Clock& clock) {
  if (base.samples == 0) return std::nullopt;
  const double factor = next.median / base.median;
  const double tolerance = 1 + (clock.modelled ? kModelledTolerance : kMeasuredTolerance);
  if (next.samples > 0 && std::max(factor, 1 / factor) <= tolerance) return std::nullopt;
  const bool noisy = clock.noisy || !distinguishable(base, next);
  const bool certain = next.samples > 0 && (clock.modelled || !noisy);
  return Change{certain ? less_is_better(base.median, next.median) : Judgement::cannot_tell, std::move(what),
                time_cell(base), time_cell(next),
                next.samples > 0 ? fmt::format("{:+.2f} %", 100 * (factor - 1)) : ""};
}

}  // namespace memsweep
