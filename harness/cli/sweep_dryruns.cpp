#include "harness/cli/sweep_dryruns.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/cli/dryrun_probes.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/run_context.h"
#include "harness/report/results_file.h"
#include "harness/report/sweep_report.h"
#include "harness/sweep/boundary.h"
#include "harness/sweep/growth.h"

namespace memsweep {
namespace {

class DryrunSweep {
 public:
  explicit DryrunSweep(const DryrunOptions& options)
      : options_(options), swept_(*options.sweep), probes_(options) {}

  int run() {
    catch_interrupts();
    try {
      if (swept_.values.empty()) {
        search();
      } else {
        for (const std::int64_t value : swept_.values) probes_.probe(value);
      }
    } catch (const Interrupted&) {
      print_report("It was interrupted.");
      if (!options_.csv.empty())
        remark(fmt::format("interrupted; the same command goes on from what is in {}", options_.csv));
      return 130;
    } catch (const FailedProbe& failed) {
      print_report(failed.what());
      // The script's own last words come last.
      fmt::print(stderr, "{}{}", probes_.output(), probes_.errors());
      return failed.status == 0 ? 1 : failed.status;
    }
    print_report("");
    return 0;
  }

 private:
  /// The largest value that fits, and the next one that does not. What was probed on the way may fit above a
  /// boundary, too: then the search goes on from there.
  void search() {
    const std::int64_t before = swept_.lowest - 1, limit = swept_.highest - before;
    const auto need = [&](std::int64_t n) -> std::optional<std::size_t> {
      const TrialResult result = probes_.probe(before + n).result;
      return result.outcome == Outcome::ok ? std::optional(result.peak.device) : std::nullopt;
    };
    const auto fits = [&](std::int64_t n) { return need(n).has_value(); };
    const auto largest_probe = [&] {
      const std::vector<Row> rows = asked_for();
      const Row* largest = sweep_answer(rows).largest;
      return largest == nullptr ? 0 : largest->batch - before;
    };
    std::int64_t guess = guess_by_growth(need, limit, probes_.capacity());
    Boundary found;
    do {
      found = find_boundary(fits, guess, limit);
      guess = largest_probe();
    } while (guess > found.largest);
    if (!options_.csv.empty()) write_boundaries(options_.csv, std::vector{boundary_row()});
  }

  [[nodiscard]] BoundaryRow boundary_row() const {
    const std::vector<Row> rows = asked_for();
    const SweepAnswer answer = sweep_answer(rows);
    BoundaryRow row;
    row.scenario = rows.front().scenario;
    row.variant = swept_.name;
    if (answer.largest != nullptr) row.max_batch = answer.largest->batch;
    if (answer.refused != nullptr) row.first_oom_batch = answer.refused->batch;
    row.trials = std::ssize(rows);
    row.ooms = std::ranges::count(rows, Outcome::oom, [](const Row& r) { return r.result.outcome; });
    if (!answer.holes.empty()) row.holes = fmt::format("{} do not fit", fmt::join(answer.holes, ", "));
    return row;
  }

  /// A file may hold probes of other values, too.
  [[nodiscard]] std::vector<Row> asked_for() const {
    std::vector<Row> rows;
    for (const Row& row : probes_.rows()) {
      const bool asked = swept_.values.empty()
                             ? swept_.lowest <= row.batch && row.batch <= swept_.highest
                             : std::ranges::find(swept_.values, row.batch) != swept_.values.end();
      if (asked) rows.push_back(row);
    }
    return rows;
  }

  [[nodiscard]] SweepQuestion question() const {
    SweepQuestion question{swept_.name, probes_.capacity(), swept_.lowest, swept_.highest};
    if (!swept_.values.empty()) {
      question.lowest = std::ranges::min(swept_.values);
      question.highest = std::ranges::max(swept_.values);
    }
    return question;
  }

  /// `ended_early`: a sentence on why not all that was asked for was tried; empty: it was.
  void print_report(std::string_view ended_early) const {
    const std::vector<Row> rows = asked_for();
    fmt::print("memsweep dryrun: {}\n\n{}", probes_.description(),
               sweep_report(rows, question(), ended_early));
    if (const Row* largest = sweep_answer(rows).largest) fmt::print("{}", probes_.honesty(largest->batch));
    std::fflush(stdout);
  }

  const DryrunOptions& options_;
  const Swept& swept_;
  DryrunProbes probes_;
};

}  // namespace

int sweep_dryruns(const DryrunOptions& options) { return DryrunSweep(options).run(); }

}  // namespace memsweep
