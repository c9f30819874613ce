#include "harness/report/compare_trials.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/report/boundary_report.h"
#include "harness/report/compare_row.h"
#include "harness/report/difference.h"
#include "harness/report/matching.h"
#include "harness/report/quantity.h"
#include "harness/report/results_file.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

struct Results {
  std::vector<Row> rows;
  std::optional<std::vector<BoundaryRow>> boundaries;  // none where there is no such file
};

Results read_results(const fs::path& csv) {
  Results results{.rows = read_rows(csv), .boundaries = {}};
  if (fs::exists(boundaries_path(csv))) results.boundaries = read_boundaries(csv);
  return results;
}

template <typename Named>  // a Row or a BoundaryRow
const BoundaryRow* find_boundary_of(const Results& results, const Named& like) {
  if (!results.boundaries) return nullptr;
  const auto found = std::find_if(
      results.boundaries->begin(), results.boundaries->end(),
      [&](const BoundaryRow& row) { return row.scenario == like.scenario && row.variant == like.variant; });
  return found == results.boundaries->end() ? nullptr : &*found;
}

Judgement judge_holes(const std::string& base, const std::string& next) {
  if (base.empty()) return Judgement::worse;
  return next.empty() ? Judgement::better : Judgement::changed;
}

/// Compares results that are known to be of the same run.
class Comparer {
 public:
  Comparer(const Results& base, const Results& next, bool same_machine)
      : base_(base), next_(next), same_machine_(same_machine) {}

  Findings run() && {
    findings_.find_subjects<Row>(base_.rows, next_.rows, name_of_variant<Row>);
    compare_boundaries();
    compare_rows();
    findings_.compared = plural(common_rows_, "row", "rows");
    if (base_.boundaries && next_.boundaries)
      findings_.compared += " and " + plural(common_boundaries_, "boundary", "boundaries");
    return std::move(findings_);
  }

 private:
  void compare_boundaries() {
    if (!base_.boundaries) {
      if (next_.boundaries) findings_.notes += "boundaries stand beside the new file only\n";
      return;
    }
    if (!next_.boundaries) {
      findings_.changes.push_back({Judgement::worse, "boundaries", "there", "no file"});
      return;
    }
    for (const BoundaryRow& base : *base_.boundaries) {
      if (const BoundaryRow* next = find_boundary_of(next_, base); next != nullptr) {
        ++common_boundaries_;
        compare_boundary(base, *next);
      } else {
        findings_.changes.push_back(
            {Judgement::worse, name_of_variant(base) + ": boundary", "there", "missing"});
      }
    }
  }

  void compare_boundary(const BoundaryRow& base, const BoundaryRow& next) {
    const auto compare_batch = [&](std::string_view column, std::int64_t b, std::int64_t n,
                                   Judgement judgement) {
      if (b == n) return;
      findings_.changes.push_back({judgement, fmt::format("{}: {}", name_of_variant(base), column),
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
      findings_.changes.push_back({judge_holes(base.holes, next.holes), name_of_variant(base) + ": holes",
                                   cell(base.holes), cell(next.holes)});
    }
  }

  void compare_rows() {
    std::size_t only_base = 0;
    for (const Row& base : base_.rows) {
      if (const Row* next = find_partner<Row>(next_.rows, base); next != nullptr) {
        ++common_rows_;
        compare_row(base, *next);
      } else if (find_subject<Row>(next_.rows, base) != nullptr) {
        ++only_base;
        if (!search_explains(base)) {
          findings_.changes.push_back(
              {Judgement::worse, name_of_row(base), std::string(name_of(base.result.outcome)), "missing"});
        }
      }
    }
    const auto only_next = std::count_if(next_.rows.begin(), next_.rows.end(), [this](const Row& next) {
      return find_partner<Row>(base_.rows, next) == nullptr && find_subject<Row>(base_.rows, next) != nullptr;
    });
    if (only_base > 0 || only_next > 0) {
      findings_.notes +=
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
    findings_.add(compare_memory(base, next));
    if (base.modelled() != next.modelled()) return;
    if (base.modelled() || same_machine_) {
      findings_.add(compare_speed(base, next));
    } else {
      findings_.other_machine = true;
    }
  }

  const Results& base_;
  const Results& next_;
  const bool same_machine_;
  Findings findings_;
  std::size_t common_rows_ = 0;
  std::size_t common_boundaries_ = 0;
};

}  // namespace

Findings compare_trials(const fs::path& base_file, const fs::path& next_file, bool same_machine) {
  const Results base = read_results(base_file), next = read_results(next_file);
  if (!have_common_subject<Row>(base.rows, next.rows)) {
    throw UsageError(
        fmt::format("{} and {} hold different runs: no scenario, variant, model, precision, optimizer and "
                    "device is the same in both",
                    base_file.string(), next_file.string()));
  }
  return Comparer(base, next, same_machine).run();
}

}  // namespace memsweep
