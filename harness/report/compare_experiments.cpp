#include "harness/report/compare_experiments.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/report/difference.h"
#include "harness/report/matching.h"
#include "harness/report/quantity.h"
#include "harness/report/results_file.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

// Beside all bytes, what is the same on every machine.
constexpr std::array<std::string_view, 5> kExactOfExperiments{"verdict", "alloc_retries", "unused_at_peak",
                                                              "scattered", "refused_at"};
// Of these and the bytes, what follows from the peaks.
constexpr std::array<std::string_view, 2> kOfThePeaks{"unused_at_peak", "reserved_beyond_live_bytes"};

bool is_exact(const Column<StageRow>& column) {
  return column.unit == "bytes" || is_one_of(kExactOfExperiments, column.name);
}

/// Whether fewer are better where nothing ran out.
bool is_judged(const Column<StageRow>& column) {
  return column.unit == "bytes" || column.name == "alloc_retries";
}

bool follows(const Column<StageRow>& column, const Stage& base, const Stage& next) {
  if (column.name == "verdict") return base.alloc_retries != next.alloc_retries;
  return is_one_of(kOfThePeaks, column.name) && base.peak != next.peak;
}

std::string name_of_experiment(const StageRow& row) {
  return fmt::format("{} {}, {}", row.scenario, row.subject, row.variant);
}

std::string name_of_stage(const StageRow& row) {
  return row.stages == 1 ? name_of_experiment(row)
                         : fmt::format("{}: {}", name_of_experiment(row), row.stage.name);
}

void judge(const Column<StageRow>& column, const StageRow& base, const StageRow& next,
           std::vector<Change>& changes) {
  const std::string b = column.write(base), n = column.write(next);
  if (b.empty() || n.empty()) return expect_equal(column, name_of_stage(base), base, next, changes);
  const auto from = number_in<std::size_t>(b), to = number_in<std::size_t>(n);
  if (from == to) return;
  const Judgement judgement = less_is_better(from, to);
  std::string what = fmt::format("{}: {}", name_of_stage(base), column.name);
  changes.push_back(column.unit == "bytes"
                        ? byte_change(judgement, std::move(what), from, to)
                        : count_change(judgement, std::move(what), static_cast<std::int64_t>(from),
                                       static_cast<std::int64_t>(to)));
}

Change other_outcome(const StageRow& base, const StageRow& next) {
  const Stage &b = base.stage, &n = next.stage;
  return {less_is_better(b.outcome, n.outcome),
          name_of_stage(base) + ": outcome",
          std::string(name_of(b.outcome)),
          std::string(name_of(n.outcome)),
          "",
          n.outcome == Outcome::oom ? std::string(name_of(n.verdict)) : ""};
}

std::vector<Change> compare_memory(const StageRow& base, const StageRow& next) {
  if (base.stage.outcome != next.stage.outcome) return {other_outcome(base, next)};
  std::vector<Change> changes;
  const bool fits = base.stage.outcome == Outcome::ok;
  for (const Column<StageRow>& column : columns<StageRow>()) {
    if (!is_exact(column) || (fits && follows(column, base.stage, next.stage))) continue;
    if (fits && is_judged(column)) {
      judge(column, base, next, changes);
    } else {
      expect_equal(column, name_of_stage(base), base, next, changes);
    }
  }
  return changes;
}

/// Once is no measurement, and neither is what is known worse than to 2 %.
bool is_noisy(const Spread& spread) {
  const StopRule rule;
  return spread.samples < rule.min_samples || rule.noisy(spread);
}

std::vector<Change> compare_times(const StageRow& base, const StageRow& next) {
  const Spread &b = base.stage.seconds, &n = next.stage.seconds;
  const Clock clock{.modelled = base.modelled(), .noisy = is_noisy(b) || is_noisy(n)};
  if (auto change = time_change(name_of_stage(base) + ": time", b, n, clock)) return {std::move(*change)};
  return {};
}

void compare_stage(const StageRow& base, const StageRow& next, bool same_machine, Findings& findings) {
  findings.add(compare_memory(base, next));
  if (base.modelled() != next.modelled() || base.stage.outcome != next.stage.outcome) return;
  if (base.modelled() || same_machine) {
    findings.add(compare_times(base, next));
  } else {
    findings.other_machine = true;
  }
}

}  // namespace

Findings compare_experiments(const fs::path& base_file, const fs::path& next_file, bool same_machine) {
  const auto base = read_rows<StageRow>(base_file), next = read_rows<StageRow>(next_file);
  if (!have_common_subject<StageRow>(base, next)) {
    throw UsageError(
        fmt::format("{} and {} hold different runs: no scenario, subject, variant and device is the same in "
                    "both",
                    base_file.string(), next_file.string()));
  }
  Findings findings;
  findings.find_subjects<StageRow>(base, next, name_of_experiment);
  std::size_t common = 0;
  for (const StageRow& row : base) {
    if (const StageRow* partner = find_partner<StageRow>(next, row); partner != nullptr) {
      ++common;
      compare_stage(row, *partner, same_machine, findings);
    } else if (find_subject<StageRow>(next, row) != nullptr) {
      findings.changes.push_back({Judgement::worse, name_of_stage(row), "there", "missing"});
    }
  }
  findings.compared = plural(common, "stage", "stages");
  return findings;
}

}  // namespace memsweep
