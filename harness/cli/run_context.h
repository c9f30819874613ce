// What the scenarios of one command share, and how each of them begins.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/environment.h"
#include "harness/cli/options.h"
#include "harness/cli/progress.h"
#include "harness/cli/workplace.h"
#include "harness/report/results_file.h"

namespace memsweep {

struct RunContext {
  const RunOptions& options;
  const TrialOptions& trial;
  const Workplace& workplace;
  const Progress& progress;

  [[nodiscard]] const Device& device() const { return workplace.device(); }
};

/// A scenario that can be run: rows go to a file as they come, a table to stdout. Throws UsageError, before
/// anything is written, and Interrupted. The context has to outlive it.
using Job = std::function<void(const std::filesystem::path& csv)>;

/// Training steps whose batch is swept. Throws UsageError.
[[nodiscard]] Job training_job(const RunContext& context, const Scenario& scenario);
/// Experiments, each run once. Throws UsageError.
[[nodiscard]] Job experiment_job(const RunContext& context, const Scenario& scenario);

/// A line on stderr.
void remark(std::string_view text);

/// "mlp:256-256x24-10 gelu dropout=0.1 layernorm"
[[nodiscard]] std::string describe(const ModelOptions& model);
/// "mlp:256-256x24-10 gelu, fp32, sgd"
[[nodiscard]] std::string describe(const PrecisionOptions& precision);
[[nodiscard]] std::string describe(const TrainingOptions& training);
/// The same without what a scenario sets itself.
[[nodiscard]] std::string describe(const TrainingOptions& training, const Scenario& scenario);

// All that decides what is measured: a file goes on only under the same.
/// For any scenario.
[[nodiscard]] nlohmann::json device_settings(const RunContext& context, const Scenario& scenario);
/// Where training steps run.
[[nodiscard]] nlohmann::json training_settings(const RunOptions& options);

/// To stdout; `subject` is what it is about besides the device.
void print_title(const RunContext& context, const Scenario& scenario, std::string_view subject,
                 std::string_view alloc_conf);

/// The remark that rows are taken from a file, where there are any.
void remark_known(std::size_t rows, const std::filesystem::path& csv);

/// The file of a scenario, gone on with or begun. Throws UsageError.
template <typename AnyRow>
[[nodiscard]] ResultsFile<AnyRow> open_results(const RunContext& context, const std::filesystem::path& csv,
                                               const nlohmann::json& settings) {
  if (context.options.fresh) remove_results(csv);
  ResultsFile<AnyRow> file(csv, settings, describe_environment(context.device()));
  if (!context.options.quiet) remark_known(file.rows().size(), csv);
  return file;
}

}  // namespace memsweep
