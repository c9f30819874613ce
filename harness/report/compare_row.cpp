#include "harness/report/compare_row.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/field.h"
#include "harness/report/quantity.h"

namespace memsweep {
namespace {

// Measured times that differ by less than this are the same: no machine is quieter.
constexpr double kMeasuredTolerance = 0.05;
// Modelled times have no noise; this is for the model's own rounding.
constexpr double kModelledTolerance = 0.001;

struct Level {
  std::string_view column;
  std::size_t Levels::*bytes;
};
constexpr std::array kLevels{
    Level{"peak_requested_bytes", &Levels::requested}, Level{"peak_allocated_bytes", &Levels::allocated},
    Level{"peak_reserved_bytes", &Levels::reserved}, Level{"device_peak_bytes", &Levels::device}};

// Beside all bytes, what is the same on every machine.
constexpr std::array<std::string_view, 5> kExact{"phase", "phase_step", "steps", "alloc_retries", "verdict"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_exact(const Column& column) { return column.unit == "bytes" || contains(kExact, column.name); }

bool is_judged(const Column& column) {
  return column.name == "alloc_retries" ||
         std::any_of(kLevels.begin(), kLevels.end(),
                     [&](const Level& level) { return level.column == column.name; });
}

std::string signed_bytes(std::size_t base, std::size_t next) {
  return next > base ? fmt::format("+{}", format_bytes(next - base))
                     : fmt::format("-{}", format_bytes(base - next));
}

/// The number as well where both read alike.
std::array<std::string, 2> byte_cells(std::size_t base, std::size_t next) {
  std::array cells{format_bytes(base), format_bytes(next)};
  if (cells[0] == cells[1]) {
    cells[0] += fmt::format(" ({})", base);
    cells[1] += fmt::format(" ({})", next);
  }
  return cells;
}

Change byte_change(Judgement judgement, const Row& row, std::string_view column, std::size_t base,
                   std::size_t next, std::string because = {}) {
  auto [base_cell, next_cell] = byte_cells(base, next);
  return {judgement,
          fmt::format("{}: {}", name_of_row(row), column),
          std::move(base_cell),
          std::move(next_cell),
          signed_bytes(base, next),
          std::move(because)};
}

/// What the categories add to a change of the allocated peak: "activations +4MiB, workspace -1MiB".
std::string moved_categories(const TrialResult& base, const TrialResult& next) {
  std::string text;
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    if (base.by_category[i] == next.by_category[i]) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(static_cast<Category>(i)),
                        signed_bytes(base.by_category[i], next.by_category[i]));
  }
  return text;
}

void judge_levels(const Row& base, const Row& next, std::vector<Change>& changes) {
  for (const auto& [column, bytes] : kLevels) {
    const std::size_t b = base.result.peak.*bytes;
    const std::size_t n = next.result.peak.*bytes;
    if (b == n) continue;
    changes.push_back(
        byte_change(less_is_better(b, n), base, column, b, n,
                    bytes == &Levels::allocated ? moved_categories(base.result, next.result) : ""));
  }
}

void judge_retries(const Row& base, const Row& next, std::vector<Change>& changes) {
  const std::int64_t b = base.result.alloc_retries;
  const std::int64_t n = next.result.alloc_retries;
  if (b == n) return;
  changes.push_back({less_is_better(b, n), name_of_row(base) + ": alloc_retries", fmt::format("{}", b),
                     fmt::format("{}", n), fmt::format("{:+}", n - b)});
}

void expect_equal(const Column& column, const Row& base, const Row& next, std::vector<Change>& changes) {
  const std::string b = column.write(base);
  const std::string n = column.write(next);
  if (b == n) return;
  if (column.unit == "bytes") {
    changes.push_back(byte_change(Judgement::changed, base, column.name, number_in<std::size_t>(b),
                                  number_in<std::size_t>(n)));
  } else {
    changes.push_back({Judgement::changed, fmt::format("{}: {}", name_of_row(base), column.name), b, n});
  }
}

/// Whether a difference in `column` of a batch that fits follows from one that is judged: another peak
/// stands elsewhere and is made of other things, and other retries may be flushing or not.
bool follows(const Column& column, const Row& base, const Row& next) {
  if (column.name == "verdict") return base.result.alloc_retries != next.result.alloc_retries;
  const bool of_the_peak = column.unit == "bytes" || column.name == "phase" || column.name == "phase_step";
  return of_the_peak && base.result.peak.allocated != next.result.peak.allocated;
}

Change other_outcome(const Row& base, const Row& next) {
  const TrialResult& b = base.result;
  const TrialResult& n = next.result;
  return {less_is_better(b.outcome, n.outcome),
          name_of_row(base) + ": outcome",
          std::string(name_of(b.outcome)),
          std::string(name_of(n.outcome)),
          "",
          n.outcome == Outcome::oom ? fmt::format("{} in {}", name_of(n.verdict), name_of(n.phase)) : ""};
}

std::string time_cell(const Spread& spread) {
  if (spread.samples == 0) return "not taken";
  if (spread.iqr == 0) return format_duration(spread.median);
  return fmt::format("{} +-{}", format_duration(spread.median), format_duration(median_uncertainty(spread)));
}

void compare_times(const Row& base, const Row& next, std::vector<Change>& changes) {
  const Spread& b = base.result.step_seconds;
  const Spread& n = next.result.step_seconds;
  if (b.samples == 0) return;
  const double factor = n.median / b.median;
  const bool modelled = base.modelled();
  const double tolerance = 1 + (modelled ? kModelledTolerance : kMeasuredTolerance);
  if (n.samples > 0 && std::max(factor, 1 / factor) <= tolerance) return;
  const bool noisy = base.result.noisy || next.result.noisy || !distinguishable(b, n);
  const bool certain = n.samples > 0 && (modelled || !noisy);
  changes.push_back({certain ? less_is_better(b.median, n.median) : Judgement::cannot_tell,
                     name_of_row(base) + ": step time", time_cell(b), time_cell(n),
                     n.samples > 0 ? fmt::format("{:+.2f} %", 100 * (factor - 1)) : ""});
}

void compare_hashes(const Row& base, const Row& next, std::vector<Change>& changes) {
  const auto& b = base.result.result_hash;
  const auto& n = next.result.result_hash;
  if (!b || !n || *b == *n) return;
  changes.push_back({Judgement::worse, name_of_row(base) + ": results differ", fmt::format("{:016x}", *b),
                     fmt::format("{:016x}", *n)});
}

}  // namespace

std::string name_of_row(const Row& row) {
  return fmt::format("{}, batch {}", name_of_variant(row), row.batch);
}

std::vector<Change> compare_memory(const Row& base, const Row& next) {
  if (base.result.outcome != next.result.outcome) return {other_outcome(base, next)};
  std::vector<Change> changes;
  const bool fits = base.result.outcome == Outcome::ok;
  if (fits) {
    judge_levels(base, next, changes);
    judge_retries(base, next, changes);
  }
  for (const Column& column : columns()) {
    if (!is_exact(column) || (fits && (is_judged(column) || follows(column, base, next)))) continue;
    expect_equal(column, base, next, changes);
  }
  return changes;
}

std::vector<Change> compare_speed(const Row& base, const Row& next) {
  std::vector<Change> changes;
  if (base.result.outcome != Outcome::ok || next.result.outcome != Outcome::ok) return changes;
  compare_hashes(base, next, changes);
  compare_times(base, next, changes);
  return changes;
}

}  // namespace memsweep
