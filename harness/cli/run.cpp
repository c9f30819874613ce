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
#include "harness/report/shortage_report.h"
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

/// A profile of the user's own may have changed since; those built in change with the version only.
nlohmann::json own_profile(const RunOptions& options, const Profile& p) {
  if (options.device.profile_file.empty()) return nullptr;
  return {p.compute_capability,
          p.multiprocessors.count,
          p.multiprocessors.threads_each,
          p.context_bytes,
          p.bandwidth,
          p.f32_rate,
          p.bandwidth_share,
          p.product_share,
          p.launch_seconds};
}

/// All that decides what is measured: a file goes on only under the same.
nlohmann::json settings_of(const RunOptions& o, const Scenario& scenario, const Device& device) {
  return {{"scenario", scenario.name},
          {"model", describe(o.training.model)},
          {"precision", o.training.precision},
          {"optimizer", o.training.optimizer},
          {"recompute", o.training.recompute},
          {"seed", o.training.randomness.seed},
          {"device", device.name()},
          {"memory", format_bytes(device.profile().memory_bytes)},
          {"memory_bytes", device.profile().memory_bytes},
          {"profile", own_profile(o, device.profile())},
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

void remark(std::string_view text) { fmt::print(stderr, "memsweep: {}\n", text); }

/// One scenario on one device into one file.
class ScenarioRun {
 public:
  ScenarioRun(const RunOptions& options, const TrialOptions& trial_options, const Scenario& scenario,
              std::vector<Variant> variants, Device& device, const Progress& progress, const fs::path& csv)
      : options_(options),
        trial_options_(trial_options),
        scenario_(scenario),
        device_(device),
        progress_(progress),
        variants_(std::move(variants)),
        csv_(csv) {}

  void run() {
    expect_room();
    if (options_.fresh) remove_results(csv_);
    file_.emplace(csv_, settings_of(options_, scenario_, device_), describe_environment(device_));
    if (const std::size_t known = file_->rows().size(); known > 0 && !options_.quiet) {
      remark(fmt::format("{} rows were measured before and are taken from {}; --fresh measures anew", known,
                         csv_.string()));
    }
    if (options_.batches.empty()) {
      search();
    } else {
      sweep_grid();
    }
    progress_.clear();
    fmt::print("Rows: {}\n", csv_.string());
  }

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
    if (const std::int64_t common = unhindered(common_batch(boundaries)); common > 0) {
      for (const Variant& variant : variants_) trial(variant, common, Purpose::common);
    }
    progress_.clear();
    print_title();
    fmt::print("{}", boundary_report(file_->rows(), boundaries));
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
    progress_.show(fmt::format("{}  {}  predicting", scenario_.name, variant.label));
    const Prediction predicted = predict(variant, device_.profile(), trial_options_, options_.scan);
    BoundaryRow row;
    row.scenario = scenario_.name;
    row.variant = variant.label;
    row.predicted_batch = predicted.largest;
    row.holes = predicted.holes;
    const Boundary found = confirm(predicted, [&](std::int64_t batch) {
      return trial(variant, batch, Purpose::boundary).result.outcome == Outcome::ok;
    });
    row.max_batch = found.largest;
    row.first_oom_batch = found.smallest;
    row.trials = static_cast<std::int64_t>(found.probes.size());
    row.ooms =
        std::count_if(found.probes.begin(), found.probes.end(), [](const Probe& p) { return !p.fits; });
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
    fmt::print("{}: {}, {}, {}; {} with {}, allocator of PyTorch {}{}\n", scenario_.name,
               describe(options_.training.model), options_.training.precision, options_.training.optimizer,
               device_.name(), format_bytes(device_.profile().memory_bytes), options_.pytorch,
               options_.alloc_conf.empty() ? "" : fmt::format(" under {}", options_.alloc_conf));
    if (!device_.computes()) fmt::print("Simulated: bytes are counted, times are modelled.\n");
    fmt::print("\n");
  }

  const RunOptions& options_;
  const TrialOptions& trial_options_;
  const Scenario& scenario_;
  Device& device_;
  const Progress& progress_;
  std::vector<Variant> variants_;
  const fs::path& csv_;
  std::optional<ResultsFile> file_;
};

/// Each once, however often it is named.
std::vector<const Scenario*> chosen_scenarios(const RunOptions& options) {
  std::vector<const Scenario*> chosen;
  const auto choose = [&](const Scenario& scenario) {
    if (std::find(chosen.begin(), chosen.end(), &scenario) == chosen.end()) chosen.push_back(&scenario);
  };
  for (const std::string& name : options.scenarios) {
    if (name == "all") {
      for (const Scenario& scenario : scenarios()) choose(scenario);
    } else {
      choose(find_scenario(name));
    }
  }
  return chosen;
}

}  // namespace

int run_scenarios(const RunOptions& options) {
  const auto chosen = chosen_scenarios(options);
  if (options.scan && !options.batches.empty()) {
    throw UsageError(
        "--scan looks around a boundary, and --batches searches for none; leave one of them out");
  }
  if (chosen.size() > 1 && !options.csv.empty()) {
    throw UsageError(fmt::format("--csv names one file for {} scenarios; each needs its own", chosen.size()));
  }
  std::vector<std::vector<Variant>> variants;  // refused, if they are to be, before anything is said or done
  for (const Scenario* scenario : chosen) variants.push_back(scenario->variants(options.training));
  TrialOptions trial_options = trial_options_of(options);
  trial_options.interrupted = interrupt_requested;
  const OpenedDevice opened = open_device(options.device);
  if (!options.quiet) {
    for (const std::string& warning : trial_options.settings.warnings) remark("allocator setting " + warning);
    if (!opened.remark.empty()) remark(opened.remark);
  }
  const Progress progress(options.quiet);
  catch_interrupts();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const fs::path csv = csv_path(options, *opened.device, *chosen[i]);
    try {
      ScenarioRun(options, trial_options, *chosen[i], variants[i], *opened.device, progress, csv).run();
    } catch (const Interrupted&) {
      progress.clear();
      remark(fmt::format("interrupted; what was measured is in {}, and the same command{} goes on from there",
                         csv.string(), options.fresh ? " without --fresh" : ""));
      return 130;
    }
  }
  return 0;
}

}  // namespace memsweep
