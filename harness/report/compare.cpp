#include "harness/report/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/report/boundary_report.h"
#include "harness/report/changes.h"
#include "harness/report/quantity.h"
#include "harness/report/results_file.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

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

struct Results {
  fs::path file;
  std::vector<Row> rows;
  std::optional<std::vector<BoundaryRow>> boundaries;  // none where there is no such file
};

Results read_results(const fs::path& csv) {
  Results results{.file = csv, .rows = read_rows(csv), .boundaries = {}};
  if (fs::exists(boundaries_path(csv))) results.boundaries = read_boundaries(csv);
  return results;
}

/// What a row is about; with the batch it is the key of a row.
auto subject_of(const Row& row) {
  return std::tie(row.scenario, row.variant, row.model, row.precision, row.optimizer, row.device);
}

const Row* find_subject(std::span<const Row> rows, const Row& like) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& row) { return subject_of(row) == subject_of(like); });
  return found == rows.end() ? nullptr : &*found;
}

const Row* find_row(std::span<const Row> rows, const Row& like) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.batch == like.batch && subject_of(row) == subject_of(like);
  });
  return found == rows.end() ? nullptr : &*found;
}

template <typename Named>  // a Row or a BoundaryRow
const BoundaryRow* find_boundary_of(const Results& results, const Named& like) {
  if (!results.boundaries) return nullptr;
  const auto found = std::find_if(
      results.boundaries->begin(), results.boundaries->end(),
      [&](const BoundaryRow& row) { return row.scenario == like.scenario && row.variant == like.variant; });
  return found == results.boundaries->end() ? nullptr : &*found;
}

template <typename Named>
std::string name_of_variant(const Named& row) {
  return fmt::format("{} {}", row.scenario, row.variant);
}

std::string name_of_row(const Row& row) {
  return fmt::format("{}, batch {}", name_of_variant(row), row.batch);
}

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

template <typename Number>
Judgement less_is_better(Number base, Number next) {
  return next > base ? Judgement::worse : Judgement::better;
}

std::string signed_bytes(std::size_t base, std::size_t next) {
  return next > base ? fmt::format("+{}", format_bytes(next - base))
                     : fmt::format("-{}", format_bytes(base - next));
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

bool overlap(const Spread& a, const Spread& b) { return std::abs(a.median - b.median) <= a.iqr + b.iqr; }

std::string time_cell(const Spread& spread) {
  if (spread.samples == 0) return "not taken";
  if (spread.iqr == 0) return format_duration(spread.median);
  return fmt::format("{} +-{}", format_duration(spread.median), format_duration(spread.iqr));
}

/// Compares results that are known to be of the same run.
class Comparer {
 public:
  Comparer(const Results& base, const Results& next) : base_(base), next_(next) {}

  Comparison run() && {
    find_variants();
    compare_boundaries();
    compare_rows();
    const bool worse = count(Judgement::worse) > 0;
    return {format_changes(changes_) + notes_ + verdict() + "\n", worse ? 1 : 0};
  }

 private:
  [[nodiscard]] std::size_t count(Judgement judgement) const {
    return static_cast<std::size_t>(
        std::count_if(changes_.begin(), changes_.end(),
                      [&](const Change& change) { return change.judgement == judgement; }));
  }

  void find_variants() {
    for_each_first(base_.rows, [this](const Row& row) {
      if (find_subject(next_.rows, row) == nullptr)
        changes_.push_back({Judgement::worse, name_of_variant(row), "there", "missing"});
    });
    for_each_first(next_.rows, [this](const Row& row) {
      if (find_subject(base_.rows, row) == nullptr) notes_ += fmt::format("new: {}\n", name_of_variant(row));
    });
  }

  /// Calls `visit` with the first row of each subject.
  template <typename Visit>
  static void for_each_first(std::span<const Row> rows, Visit&& visit) {
    for (const Row& row : rows) {
      if (find_subject(rows, row) == &row) visit(row);
    }
  }

  void compare_boundaries() {
    if (!base_.boundaries) {
      if (next_.boundaries) notes_ += "boundaries stand beside the new file only\n";
      return;
    }
    if (!next_.boundaries) {
      changes_.push_back({Judgement::worse, "boundaries", "there", "no file"});
      return;
    }
    for (const BoundaryRow& base : *base_.boundaries) {
      if (const BoundaryRow* next = find_boundary_of(next_, base); next != nullptr) {
        ++common_boundaries_;
        compare_boundary(base, *next);
      } else {
        changes_.push_back({Judgement::worse, name_of_variant(base) + ": boundary", "there", "missing"});
      }
    }
  }

  void compare_boundary(const BoundaryRow& base, const BoundaryRow& next) {
    if (base.max_batch != next.max_batch) {
      changes_.push_back({less_is_better(next.max_batch, base.max_batch),
                          name_of_variant(base) + ": max_batch", fmt::format("{}", base.max_batch),
                          fmt::format("{}", next.max_batch),
                          fmt::format("{:+}", next.max_batch - base.max_batch)});
    }
    if (base.holes != next.holes) {
      const auto cell = [](const std::string& holes) { return holes.empty() ? "none" : holes; };
      changes_.push_back(
          {Judgement::cannot_tell, name_of_variant(base) + ": holes", cell(base.holes), cell(next.holes)});
    }
  }

  void compare_rows() {
    std::size_t only_base = 0;
    for (const Row& base : base_.rows) {
      if (const Row* next = find_row(next_.rows, base); next != nullptr) {
        ++common_rows_;
        compare_row(base, *next);
      } else if (find_subject(next_.rows, base) != nullptr) {
        ++only_base;
        if (!search_explains(base)) {
          changes_.push_back(
              {Judgement::worse, name_of_row(base), std::string(name_of(base.result.outcome)), "missing"});
        }
      }
    }
    const auto only_next = std::count_if(next_.rows.begin(), next_.rows.end(), [this](const Row& next) {
      return find_row(base_.rows, next) == nullptr && find_subject(base_.rows, next) != nullptr;
    });
    if (only_base > 0 || only_next > 0) {
      notes_ +=
          fmt::format("batches on one side only: {} in the base, {} in the new file\n", only_base, only_next);
    }
  }

  /// Why `row` of the base has no partner: a search that ends elsewhere, or was predicted otherwise, tries
  /// other batches; what it found is compared as a boundary. Nothing excuses a batch that was asked for.
  [[nodiscard]] bool search_explains(const Row& row) const {
    if (find_boundary_of(base_, row) == nullptr || find_boundary_of(next_, row) == nullptr) return false;
    return row.purpose == Purpose::boundary ||
           common_batch(*base_.boundaries) != common_batch(*next_.boundaries);
  }

  void compare_row(const Row& base, const Row& next) {
    const TrialResult& b = base.result;
    const TrialResult& n = next.result;
    if (b.outcome != n.outcome) {
      const bool refused = n.outcome == Outcome::oom;
      changes_.push_back({less_is_better(b.outcome, n.outcome), name_of_row(base) + ": outcome",
                          std::string(name_of(b.outcome)), std::string(name_of(n.outcome)), "",
                          refused ? fmt::format("{} in {}", name_of(n.verdict), name_of(n.phase)) : ""});
    } else if (b.outcome != Outcome::error) {
      compare_bytes(base, next);
      compare_retries(base, next);
    }
    if (b.outcome == Outcome::ok && n.outcome == Outcome::ok) {
      compare_hashes(base, next);
      compare_times(base, next);
    }
  }

  void compare_bytes(const Row& base, const Row& next) {
    for (const auto& [column, bytes] : kLevels) {
      const std::size_t b = base.result.peak.*bytes;
      const std::size_t n = next.result.peak.*bytes;
      if (b == n) continue;
      const bool alike = format_bytes(b) == format_bytes(n);
      const auto cell = [alike](std::size_t value) {
        return alike ? fmt::format("{} ({})", format_bytes(value), value) : format_bytes(value);
      };
      changes_.push_back({judge_count(base, b, n), fmt::format("{}: {}", name_of_row(base), column), cell(b),
                          cell(n), signed_bytes(b, n),
                          bytes == &Levels::allocated ? moved_categories(base.result, next.result) : ""});
    }
  }

  void compare_retries(const Row& base, const Row& next) {
    const std::int64_t b = base.result.alloc_retries;
    const std::int64_t n = next.result.alloc_retries;
    if (b == n) return;
    changes_.push_back({judge_count(base, b, n), name_of_row(base) + ": alloc_retries", fmt::format("{}", b),
                        fmt::format("{}", n), fmt::format("{:+}", n - b)});
  }

  /// Getting further before memory runs out takes more, and is not worse.
  template <typename Number>
  static Judgement judge_count(const Row& row, Number base, Number next) {
    return row.result.outcome == Outcome::oom ? Judgement::cannot_tell : less_is_better(base, next);
  }

  void compare_hashes(const Row& base, const Row& next) {
    const auto& b = base.result.result_hash;
    const auto& n = next.result.result_hash;
    if (!b || !n || *b == *n) return;
    changes_.push_back({Judgement::worse, name_of_row(base) + ": results differ", fmt::format("{:016x}", *b),
                        fmt::format("{:016x}", *n)});
  }

  void compare_times(const Row& base, const Row& next) {
    const Spread& b = base.result.step_seconds;
    const Spread& n = next.result.step_seconds;
    if (b.samples == 0) return;
    const double factor = n.median / b.median;
    const bool modelled = base.modelled();
    const double tolerance = 1 + (modelled ? kModelledTolerance : kMeasuredTolerance);
    if (n.samples > 0 && std::max(factor, 1 / factor) <= tolerance) return;
    const bool noisy = base.result.noisy || next.result.noisy || overlap(b, n);
    const bool certain = n.samples > 0 && (modelled || !noisy);
    changes_.push_back({certain ? less_is_better(b.median, n.median) : Judgement::cannot_tell,
                        name_of_row(base) + ": step time", time_cell(b), time_cell(n),
                        n.samples > 0 ? fmt::format("{:+.2f} %", 100 * (factor - 1)) : ""});
  }

  [[nodiscard]] std::string verdict() const {
    const std::size_t worse = count(Judgement::worse);
    const std::size_t better = count(Judgement::better);
    const std::size_t unknown = count(Judgement::cannot_tell);
    std::string compared = plural(common_rows_, "row", "rows");
    if (base_.boundaries && next_.boundaries)
      compared += " and " + plural(common_boundaries_, "boundary", "boundaries");
    if (worse > 0) {
      return fmt::format("worse: {} for the worse and {} for the better in {}",
                         plural(worse, "change", "changes"), better, compared);
    }
    if (better > 0) {
      return fmt::format("better: {} for the better and none for the worse in {}",
                         plural(better, "change", "changes"), compared);
    }
    if (unknown > 0) {
      return fmt::format("same: {}, none better or worse; {} cannot be judged", compared,
                         plural(unknown, "change", "changes"));
    }
    return fmt::format("same: {}, equal in every byte", compared);
  }

  const Results& base_;
  const Results& next_;
  std::vector<Change> changes_;
  std::string notes_;
  std::size_t common_rows_ = 0;
  std::size_t common_boundaries_ = 0;
};

void expect_same_run(const Results& base, const Results& next) {
  for (const Row& row : base.rows) {
    if (find_subject(next.rows, row) != nullptr) return;
  }
  throw UsageError(
      fmt::format("{} and {} hold different runs: no scenario, variant, model, precision, optimizer and "
                  "device is the same in both",
                  base.file.string(), next.file.string()));
}

}  // namespace

Comparison compare(const fs::path& base_file, const fs::path& next_file) {
  const Results base = read_results(base_file);
  const Results next = read_results(next_file);
  expect_same_run(base, next);
  return Comparer(base, next).run();
}

}  // namespace memsweep
