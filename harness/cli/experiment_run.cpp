#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/cli/run_context.h"
#include "harness/report/stage_report.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

nlohmann::json settings_of(const RunContext& context, const Scenario& scenario) {
  nlohmann::json all = device_settings(context, scenario);
  if (!scenario.self_contained) all.update(training_settings(context.options));
  return all;
}

std::vector<StageRow> rows_of(const ResultsFile<StageRow>& file, const Experiment& experiment) {
  std::vector<StageRow> rows;
  for (const StageRow& row : file.rows()) {
    if (row.subject == experiment.subject && row.variant == experiment.variant) rows.push_back(row);
  }
  return rows;
}

/// Runs, unless an earlier run into the same file has.
std::vector<StageRow> rows_of(const RunContext& context, const Scenario& scenario,
                              const Experiment& experiment, ResultsFile<StageRow>& file) {
  if (auto known = rows_of(file, experiment); !known.empty()) return known;
  if (context.trial.interrupted && context.trial.interrupted()) throw Interrupted();
  const auto row = [&](const Stage& stage, std::size_t stages) {
    return StageRow{.scenario = std::string(scenario.name),
                    .subject = experiment.subject,
                    .variant = experiment.variant,
                    .device = context.device().name(),
                    .stages = static_cast<std::int64_t>(stages),
                    .stage = stage};
  };
  const auto rows = context.workplace.rows_of<StageRow>(
      [&](Device& device) {
        const std::vector<Stage> stages = experiment.run(device, context.trial);
        std::vector<StageRow> made;
        for (const Stage& stage : stages) made.push_back(row(stage, stages.size()));
        return made;
      },
      [&](const std::string& reason) {
        Stage stage;
        stage.name = "all";
        stage.outcome = Outcome::error;
        stage.message = reason;
        return row(stage, 1);
      });
  for (const StageRow& each : rows) file.add(each);
  return rows;
}

void print_report(const RunContext& context, const Scenario& scenario, const std::vector<StageRow>& rows) {
  const bool own = scenario.self_contained;
  print_title(context, scenario, own ? "" : describe(context.options.training, scenario),
              own ? "" : context.options.alloc_conf);
  fmt::print("{}\n", stage_report(rows));
  for (const std::string& sentence : scenario.conclusions(experiment_results(rows)))
    fmt::print("{}\n", sentence);
}

void run_experiments(const RunContext& context, const Scenario& scenario,
                     const std::vector<Experiment>& experiments, const fs::path& csv) {
  auto file = open_results<StageRow>(context, csv, settings_of(context, scenario));
  std::vector<StageRow> rows;
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    context.progress.show(fmt::format("{}  {} of {}  {}  {}", scenario.name, i + 1, experiments.size(),
                                      experiments[i].subject, experiments[i].variant));
    for (StageRow& row : rows_of(context, scenario, experiments[i], file)) rows.push_back(std::move(row));
  }
  context.progress.clear();
  print_report(context, scenario, rows);
  fmt::print("\nRows: {}\n", csv.string());
}

}  // namespace

Job experiment_job(const RunContext& context, const Scenario& scenario) {
  auto experiments = scenario.experiments(context.options.training, context.device().profile());
  return [&context, &scenario, experiments = std::move(experiments)](const fs::path& csv) {
    run_experiments(context, scenario, experiments, csv);
  };
}

}  // namespace memsweep
