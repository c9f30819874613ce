#include "harness/report/compare.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/report/boundary_report.h"
#include "harness/report/changes.h"
#include "harness/report/compare_row.h"
#include "harness/report/results_file.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

struct Results {
  fs::path file;
  std::vector<Row> rows;
  std::optional<std::vector<BoundaryRow>> boundaries;  // none where there is no such file
  std::optional<RunRecord> record;                     // likewise
};

Results read_results(const fs::path& csv) {
  Results results{.file = csv, .rows = read_rows(csv), .boundaries = {}, .record = read_record(csv)};
  if (fs::exists(boundaries_path(csv))) results.boundaries = read_boundaries(csv);
  return results;
}

/// Bytes on the simulated cpu are those on the cpu itself.
std::string_view comparable_device(std::string_view device) { return device == "sim:cpu" ? "cpu" : device; }

/// What a row is about; with the batch it is the key of a row.
auto subject_of(const Row& row) {
  return std::tuple<const std::string&, const std::string&, const std::string&, const std::string&,
                    const std::string&, std::string_view>(row.scenario, row.variant, row.model, row.precision,
                                                          row.optimizer, comparable_device(row.device));
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

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

Judgement judge_holes(const std::string& base, const std::string& next) {
  if (base.empty()) return Judgement::worse;
  return next.empty() ? Judgement::better : Judgement::changed;
}

/// Where that is not known, it is taken for granted.
bool on_same_machine(const Results& base, const Results& next) {
  if (!base.record || !next.record) return true;
  const auto machine = [](const nlohmann::json& environment) {
    const auto known = environment.is_object() ? environment : nlohmann::json::object();
    return std::pair(known.value("processor", nlohmann::json()), known.value("threads", nlohmann::json()));
  };
  return machine(base.record->environment) == machine(next.record->environment);
}

/// Compares results that are known to be of the same run.
class Comparer {
 public:
  Comparer(const Results& base, const Results& next)
      : base_(base), next_(next), same_machine_(on_same_machine(base, next)) {}

  Comparison run() && {
    find_variants();
    compare_boundaries();
    compare_rows();
    if (other_machine_) notes_ += "times and results: cannot tell: other machine\n";
    const bool moved = count(Judgement::worse) + count(Judgement::changed) > 0;
    return {format_changes(changes_) + notes_ + verdict() + "\n", moved ? 1 : 0};
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
    const auto compare_batch = [&](std::string_view column, std::int64_t b, std::int64_t n,
                                   Judgement judgement) {
      if (b == n) return;
      changes_.push_back({judgement, fmt::format("{}: {}", name_of_variant(base), column),
                          fmt::format("{}", b), fmt::format("{}", n), fmt::format("{:+}", n - b)});
    };
    compare_batch("max_batch", base.max_batch, next.max_batch,
                  less_is_better(next.max_batch, base.max_batch));
    const auto reach = [](const BoundaryRow& row) {
      return row.first_oom_batch > 0 ? row.first_oom_batch : std::numeric_limits<std::int64_t>::max();
    };
    compare_batch("first_oom_batch", base.first_oom_batch, next.first_oom_batch,
                  less_is_better(reach(next), reach(base)));
    if (base.holes != next.holes) {
      const auto cell = [](const std::string& holes) { return holes.empty() ? "none" : holes; };
      changes_.push_back({judge_holes(base.holes, next.holes), name_of_variant(base) + ": holes",
                          cell(base.holes), cell(next.holes)});
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
    if (row.purpose == Purpose::boundary) return true;
    // Variants are compared at another batch now, which also moves with what flushes the cache.
    const bool compared_elsewhere = std::any_of(next_.rows.begin(), next_.rows.end(), [&](const Row& next) {
      return next.purpose == Purpose::common && subject_of(next) == subject_of(row);
    });
    return row.purpose == Purpose::common &&
           (compared_elsewhere || common_batch(*base_.boundaries) != common_batch(*next_.boundaries));
  }

  void compare_row(const Row& base, const Row& next) {
    append(compare_memory(base, next));
    if (base.modelled() != next.modelled()) return;
    if (base.modelled() || same_machine_) {
      append(compare_speed(base, next));
    } else {
      other_machine_ = true;
    }
  }

  void append(std::vector<Change> changes) {
    std::move(changes.begin(), changes.end(), std::back_inserter(changes_));
  }

  [[nodiscard]] std::string verdict() const {
    const std::size_t worse = count(Judgement::worse);
    const std::size_t changed = count(Judgement::changed);
    const std::size_t better = count(Judgement::better);
    const std::size_t unknown = count(Judgement::cannot_tell);
    std::string compared = plural(common_rows_, "row", "rows");
    if (base_.boundaries && next_.boundaries)
      compared += " and " + plural(common_boundaries_, "boundary", "boundaries");
    if (worse > 0) {
      return fmt::format("worse: {} for the worse{} and {} for the better in {}",
                         plural(worse, "change", "changes"),
                         changed > 0 ? fmt::format(", {} for neither", changed) : "", better, compared);
    }
    if (changed > 0) {
      return fmt::format("changed: {} neither for the better nor for the worse, and {} for the better, in {}",
                         plural(changed, "change", "changes"), better, compared);
    }
    if (better > 0) {
      return fmt::format("better: {} for the better and none for the worse in {}",
                         plural(better, "change", "changes"), compared);
    }
    if (unknown > 0) {
      return fmt::format("same: {}, equal in every byte; {} cannot be judged", compared,
                         plural(unknown, "change of time", "changes of time"));
    }
    return fmt::format("same: {}, equal in every byte", compared);
  }

  const Results& base_;
  const Results& next_;
  const bool same_machine_;
  bool other_machine_ = false;  // there are rows whose times and results were not compared for that
  std::vector<Change> changes_;
  std::string notes_;
  std::size_t common_rows_ = 0;
  std::size_t common_boundaries_ = 0;
};

/// All that decides what is compared. A time limit decides how well times are known.
nlohmann::json comparable_settings(nlohmann::json settings) {
  if (!settings.is_object()) return settings;
  settings.erase("time_limit");
  const auto device = settings.find("device");
  if (device != settings.end() && device->is_string())
    *device = comparable_device(device->get_ref<const std::string&>());
  return settings;
}

void expect_same_settings(const Results& base, const Results& next) {
  if (!base.record || !next.record) return;
  const std::string difference = first_difference(comparable_settings(base.record->settings),
                                                  comparable_settings(next.record->settings));
  if (difference.empty()) return;
  throw UsageError(fmt::format("{} and {} were measured under different settings ({})", base.file.string(),
                               next.file.string(), difference));
}

void expect_common_subject(const Results& base, const Results& next) {
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
  expect_same_settings(base, next);
  expect_common_subject(base, next);
  return Comparer(base, next).run();
}

}  // namespace memsweep
