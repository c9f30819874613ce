#include "harness/report/compare_row.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/difference.h"

namespace memsweep {
namespace {

struct Level {
  std::string_view column;
  std::size_t Levels::*bytes;
};
constexpr std::array kLevels{
    Level{"peak_requested_bytes", &Levels::requested}, Level{"peak_allocated_bytes", &Levels::allocated},
    Level{"peak_reserved_bytes", &Levels::reserved}, Level{"device_peak_bytes", &Levels::device}};

// Beside all bytes, what is the same on every machine.
constexpr std::array<std::string_view, 5> kExactOfRows{"phase", "phase_step", "steps", "alloc_retries",
                                                       "verdict"};

bool is_exact(const Column<Row>& column) {
  return column.unit == "bytes" || is_one_of(kExactOfRows, column.name);
}

bool is_judged(const Column<Row>& column) {
  return column.name == "alloc_retries" ||
         std::any_of(kLevels.begin(), kLevels.end(),
                     [&](const Level& level) { return level.column == column.name; });
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
        byte_change(less_is_better(b, n), fmt::format("{}: {}", name_of_row(base), column), b, n,
                    bytes == &Levels::allocated ? moved_categories(base.result, next.result) : ""));
  }
}

void judge_retries(const Row& base, const Row& next, std::vector<Change>& changes) {
  const std::int64_t b = base.result.alloc_retries;
  const std::int64_t n = next.result.alloc_retries;
  if (b == n) return;
  changes.push_back(count_change(less_is_better(b, n), name_of_row(base) + ": alloc_retries", b, n));
}

/// Whether a difference in `column` of a batch that fits follows from one that is judged: another peak
/// stands elsewhere and is made of other things, and other retries may be flushing or not.
bool follows(const Column<Row>& column, const Row& base, const Row& next) {
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

void compare_times(const Row& base, const Row& next, std::vector<Change>& changes) {
  const Spread& b = base.result.step_seconds;
  const Spread& n = next.result.step_seconds;
  const Clock clock{.modelled = base.modelled(), .noisy = base.result.noisy || next.result.noisy};
  if (auto change = time_change(name_of_row(base) + ": step time", b, n, clock))
    changes.push_back(std::move(*change));
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
  for (const Column<Row>& column : columns<Row>()) {
    if (!is_exact(column) || (fits && (is_judged(column) || follows(column, base, next)))) continue;
    expect_equal(column, name_of_row(base), base, next, changes);
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
