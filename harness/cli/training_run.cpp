#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/run_context.h"
#include "harness/report/boundary_report.h"
#include "harness/report/front_report.h"
#include "harness/report/grid_report.h"
#include "harness/report/shortage_report.h"
#include "harness/sweep/predict.h"
#include "harness/trace/write_snapshot.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

std::string or_else(const std::string& text, const std::string& otherwise) {
  return text.empty() ? otherwise : text;
}

/// One scenario on one device into one file.
class TrainingRun {
 public:
  TrainingRun(const RunContext& context, const Scenario& scenario, const std::vector<Variant>& variants,
              const fs::path& csv)
      : context_(context),
        options_(context.options),
        trial_options_(context.trial),
        device_(context.device()),
        scenario_(scenario),
        variants_(variants),
        csv_(csv) {}

  void run() {
    expect_room();
    file_.emplace(open_results<Row>(context_, csv_, settings()));
    if (options_.batches.empty()) {
      search();
    } else {
      sweep_grid();
    }
    context_.progress.clear();
    fmt::print("Rows: {}\n", csv_.string());
  }

 private:
  [[nodiscard]] nlohmann::json settings() const {
    nlohmann::json all = device_settings(context_, scenario_);
    all.update(training_settings(options_));
    all["recompute"] = options_.training.recompute;
    all["batches"] = options_.batches;
    all["time_limit"] = options_.time_limit;
    all["scan"] = options_.scan;
    return all;
  }

  /// Refuses a device on which nothing of the scenario runs, before anything is written.
  void expect_room() const {
    std::optional<std::size_t> needed;
    for (const Variant& variant : variants_) {
      if (fits_on_sim(variant, 1, device_.profile(), trial_options_)) return;
      const auto memory = smallest_memory(variant, 1, device_.profile(), trial_options_);
      if (memory && (!needed || *memory < *needed)) needed = memory;
    }
    throw UsageError(fmt::format("{} is too small for batch 1 of {} under {}; it needs {}",
                                 format_bytes(device_.profile().memory_bytes),
                                 describe(options_.training.model), options_.training.optimizer,
                                 needed ? format_bytes(*needed) : "more than any device has"));
  }

  void search() {
    std::vector<BoundaryRow> boundaries;
    for (const Variant& variant : variants_) {
      boundaries.push_back(search(variant));
      write_boundaries(csv_, boundaries);
    }
    if (const std::int64_t common = unhindered(common_batch(boundaries)); common > 0) {
      for (const Variant& variant : variants_) trial(variant, common, Purpose::common);
    }
    context_.progress.clear();
    print_title(context_, scenario_, describe(options_.training, scenario_), options_.alloc_conf);
    if (scenario_.front) {
      fmt::print("{}\n", front_report(file_->rows(), boundaries));
      return;
    }
    fmt::print("{}", boundary_report(file_->rows(), boundaries, scenario_.same_results));
    fmt::print("\n{}\n", shortage_report(file_->rows(), boundaries));
  }

  /// The largest of a few batches up to `common` under which no variant gives its cache back in every step:
  /// times at a boundary would say more of that than of the variants.
  [[nodiscard]] std::int64_t unhindered(std::int64_t common) const {
    for (std::int64_t batch = common; batch > common / 2; batch -= std::max<std::int64_t>(1, common / 16)) {
      const bool free = std::all_of(variants_.begin(), variants_.end(), [&](const Variant& variant) {
        return runs_freely_on_sim(variant, batch, device_.profile(), trial_options_);
      });
      if (free) return batch;
    }
    return common;
  }

  BoundaryRow search(const Variant& variant) {
    context_.progress.show(fmt::format("{}  {}  predicting", scenario_.name, variant.label));
    const Prediction predicted = predict(variant, device_.profile(), trial_options_, options_.scan);
    BoundaryRow row;
    row.scenario = scenario_.name;
    row.variant = variant.label;
    row.predicted_batch = predicted.largest;
    row.holes = predicted.holes;
    const Footprint line = footprint(variant, predicted.largest, device_.profile(), trial_options_);
    row.fixed_bytes = line.fixed_bytes;
    row.sample_bytes = line.sample_bytes;
    const Boundary found = confirm(predicted, [&](std::int64_t batch) {
      return trial(variant, batch, Purpose::boundary).result.outcome == Outcome::ok;
    });
    say_what_broke(variant);
    row.max_batch = found.largest;
    row.first_oom_batch = found.smallest;
    row.trials = static_cast<std::int64_t>(found.probes.size());
    row.ooms =
        std::count_if(found.probes.begin(), found.probes.end(), [](const Probe& p) { return !p.fits; });
    return row;
  }

  /// A search takes a trial that ended in an error for one that does not fit.
  void say_what_broke(const Variant& variant) const {
    const auto broken = [&](const Row& row) {
      return row.variant == variant.label && row.result.outcome == Outcome::error;
    };
    const auto first = std::ranges::find_if(file_->rows(), broken);
    if (first == file_->rows().end()) return;
    context_.progress.clear();
    remark(fmt::format(
        "{}: the boundary is not certain, since {} of its trials ended in an error, the first at batch "
        "{} ({}); the same command runs them again",
        variant.label, std::ranges::count_if(file_->rows(), broken), first->batch, first->result.message));
  }

  void sweep_grid() {
    std::vector<Row> rows;
    for (const Variant& variant : variants_) {
      for (std::int64_t batch : options_.batches) rows.push_back(trial(variant, batch, Purpose::grid));
    }
    context_.progress.clear();
    print_title(context_, scenario_, describe(options_.training, scenario_), options_.alloc_conf);
    fmt::print("{}", grid_report(rows));
  }

  /// Measures, unless an earlier run into the same file has.
  Row trial(const Variant& variant, std::int64_t batch, Purpose purpose) {
    if (const Row* known = find_row(file_->rows(), scenario_.name, variant.label, batch); known != nullptr)
      return *known;
    context_.progress.show(fmt::format("{}  {}  batch {}", scenario_.name, variant.label, batch));
    const Schedule schedule(variant.program(batch));
    TrialOptions trial_options = trial_options_;
    if (!options_.snapshot.empty()) {
      trial_options.snapshot = [path = snapshot_path(variant, batch)](const Recording& recording) {
        write_snapshot(recording, path);
      };
    }
    Row row{.scenario = std::string(scenario_.name),
            .variant = variant.label,
            .model = describe(options_.training.model),
            .precision = or_else(variant.precision, describe(options_.training.precision)),
            .optimizer = or_else(variant.optimizer, options_.training.optimizer),
            .device = device_.name(),
            .batch = batch,
            .purpose = purpose,
            .result = {}};
    const auto rows = context_.workplace.rows_of<Row>(
        [&](Device& device) {
          row.result = run_trial(device, device.memory(), schedule, trial_options);
          return std::vector{row};
        },
        [&](const std::string& reason) {
          row.result = {};
          row.result.outcome = Outcome::error;
          row.result.message = reason;
          return row;
        });
    return file_->add(rows.at(0));
  }

  /// As it was named where there is but one trial, else "out-sqrt-64.pickle" for each.
  [[nodiscard]] fs::path snapshot_path(const Variant& variant, std::int64_t batch) const {
    fs::path path = options_.snapshot;
    if (variants_.size() == 1 && options_.batches.size() == 1) return path;
    std::string label = variant.label;
    std::replace(label.begin(), label.end(), ':', '-');
    const std::string name =
        fmt::format("{}-{}-{}{}", path.stem().string(), label, batch, path.extension().string());
    return path.replace_filename(name);
  }

  const RunContext& context_;
  const RunOptions& options_;
  const TrialOptions& trial_options_;
  const Device& device_;
  const Scenario& scenario_;
  const std::vector<Variant>& variants_;
  const fs::path& csv_;
  std::optional<ResultsFile<Row>> file_;
};

}  // namespace

Job training_job(const RunContext& context, const Scenario& scenario) {
  return [&context, &scenario, variants = scenario.variants(context.options.training)](const fs::path& csv) {
    TrainingRun(context, scenario, variants, csv).run();
  };
}

}  // namespace memsweep
