#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/environment.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/progress.h"
#include "harness/report/boundary_report.h"
#include "harness/report/grid_report.h"
#include "harness/report/results_file.h"
#include "harness/sweep/boundary.h"
#include "harness/sweep/predict.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

/// "mlp:256-256x24-10 gelu dropout=0.1 layernorm"
std::string describe(const ModelOptions& model) {
  std::string text = fmt::format("{} {}", model.spec, model.activation);
  if (model.dropout > 0) text += fmt::format(" dropout={}", model.dropout);
  if (model.layer_norm) text += " layernorm";
  if (!model.bias) text += " nobias";
  return text;
}

/// All that decides what is measured: a file goes on only under the same.
nlohmann::json settings_of(const RunOptions& o, const Device& device) {
  return {{"model", describe(o.training.model)},
          {"precision", o.training.precision},
          {"optimizer", o.training.optimizer},
          {"recompute", o.training.recompute},
          {"seed", o.training.randomness.seed},
          {"device", device.name()},
          {"memory", format_bytes(device.profile().memory_bytes)},
          {"memory_bytes", device.profile().memory_bytes},
          {"profile_file", o.device.profile_file},
          {"pytorch", o.pytorch},
          {"alloc_conf", o.alloc_conf},
          {"batches", o.batches},
          {"steps", o.steps},
          {"time_limit", o.time_limit},
          {"scan", o.scan}};
}

fs::path csv_path(const RunOptions& options, const Device& device, const Scenario& scenario) {
  if (!options.csv.empty()) return options.csv;
  std::string folder = device.name();
  std::replace(folder.begin(), folder.end(), ':', '-');
  return fs::path("results") / folder / fmt::format("{}.csv", scenario.name);
}

void remove_results(const fs::path& csv) {
  for (const char* extension : {".csv", ".boundaries.csv", ".settings.json"}) {
    fs::remove(fs::path(csv).replace_extension(extension));
  }
}

/// One scenario on one device into one file.
class ScenarioRun {
 public:
  ScenarioRun(const RunOptions& options, const Scenario& scenario, Device& device, const Progress& progress)
      : options_(options),
        scenario_(scenario),
        device_(device),
        progress_(progress),
        trial_options_(trial_options(options)),
        variants_(scenario.variants(options.training)),
        csv_(csv_path(options, device, scenario)) {
    trial_options_.interrupted = interrupt_requested;
    expect_room();
    if (options.fresh) remove_results(csv_);
    file_.emplace(csv_, settings_of(options, device), describe_environment(device));
  }

  void run() {
    if (options_.batches.empty()) {
      search();
    } else {
      sweep_grid();
    }
    progress_.clear();
    fmt::print("Rows: {}\n", csv_.string());
  }

  [[nodiscard]] const fs::path& csv() const { return csv_; }

 private:
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
      file_->write_boundaries(boundaries);
    }
    if (const std::int64_t common = common_batch(boundaries); common > 0) {
      for (const Variant& variant : variants_) trial(variant, common, Purpose::common);
    }
    progress_.clear();
    print_title();
    fmt::print("{}", boundary_report(file_->rows(), boundaries));
  }

  BoundaryRow search(const Variant& variant) {
    progress_.show(fmt::format("{}  {}  predicting", scenario_.name, variant.label));
    const Prediction predicted = predict(variant, device_.profile(), trial_options_, options_.scan);
    BoundaryRow row;
    row.scenario = scenario_.name;
    row.variant = variant.label;
    row.predicted_batch = predicted.largest;
    row.holes = predicted.holes;
    const auto fits = [&](std::int64_t batch) {
      const bool fit = trial(variant, batch, Purpose::boundary).result.outcome == Outcome::ok;
      ++row.trials;
      row.ooms += fit ? 0 : 1;
      return fit;
    };
    const Boundary found = find_boundary(fits, predicted.largest, kLargestBatch);
    row.max_batch = found.largest;
    row.first_oom_batch = found.smallest;
    // A hole below the largest batch that fits: its first batch is the smallest that does not.
    if (predicted.smallest != 0 && predicted.smallest < found.largest && !fits(predicted.smallest)) {
      row.first_oom_batch = predicted.smallest;
    }
    return row;
  }

  void sweep_grid() {
    std::vector<Row> rows;
    for (const Variant& variant : variants_) {
      for (std::int64_t batch : options_.batches) rows.push_back(trial(variant, batch, Purpose::grid));
    }
    progress_.clear();
    print_title();
    fmt::print("{}", grid_report(rows));
  }

  /// Measures, unless an earlier run into the same file has.
  Row trial(const Variant& variant, std::int64_t batch, Purpose purpose) {
    if (const Row* known = file_->find(scenario_.name, variant.label, batch); known != nullptr) return *known;
    progress_.show(fmt::format("{}  {}  batch {}", scenario_.name, variant.label, batch));
    const Schedule schedule(variant.program(batch));
    return file_->add({.scenario = std::string(scenario_.name),
                       .variant = variant.label,
                       .model = describe(options_.training.model),
                       .precision = options_.training.precision,
                       .optimizer = options_.training.optimizer,
                       .device = device_.name(),
                       .batch = batch,
                       .purpose = purpose,
                       .result = run_trial(device_, device_.memory(), schedule, trial_options_)});
  }

  void print_title() const {
    fmt::print("{}: {}, {}, {}; {} with {}, allocator of PyTorch {}{}\n\n", scenario_.name,
               describe(options_.training.model), options_.training.precision, options_.training.optimizer,
               device_.name(), format_bytes(device_.profile().memory_bytes), options_.pytorch,
               options_.alloc_conf.empty() ? "" : fmt::format(" under {}", options_.alloc_conf));
  }

  const RunOptions& options_;
  const Scenario& scenario_;
  Device& device_;
  const Progress& progress_;
  TrialOptions trial_options_;
  std::vector<Variant> variants_;
  fs::path csv_;
  std::optional<ResultsFile> file_;
};

std::vector<const Scenario*> chosen_scenarios(const RunOptions& options) {
  std::vector<const Scenario*> chosen;
  for (const std::string& name : options.scenarios) {
    if (name == "all") {
      for (const Scenario& scenario : scenarios()) chosen.push_back(&scenario);
    } else {
      chosen.push_back(&find_scenario(name));
    }
  }
  return chosen;
}

}  // namespace

int run_scenarios(const RunOptions& options) {
  const auto chosen = chosen_scenarios(options);
  const OpenedDevice opened = open_device(options.device);
  if (!opened.remark.empty() && !options.quiet) fmt::print(stderr, "{}\n", opened.remark);
  const Progress progress(options.quiet);
  catch_interrupts();
  for (const Scenario* scenario : chosen) {
    ScenarioRun run(options, *scenario, *opened.device, progress);
    try {
      run.run();
    } catch (const Interrupted&) {
      progress.clear();
      fmt::print(stderr, "interrupted; what was measured is in {}, and the same command goes on from there\n",
                 run.csv().string());
      return 130;
    }
  }
  return 0;
}

}  // namespace memsweep
