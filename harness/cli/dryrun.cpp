#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/dryrun_device.h"
#include "harness/cli/dryrun_options.h"
#include "harness/cli/dryrun_results.h"
#include "harness/cli/sweep_dryruns.h"
#include "harness/device/profile.h"
#include "harness/dryrun/child.h"
#include "harness/dryrun/environment.h"
#include "harness/dryrun/report_folder.h"
#include "harness/report/dryrun_gpus.h"
#include "harness/report/dryrun_json.h"
#include "harness/report/dryrun_parts.h"
#include "harness/report/dryrun_range.h"
#include "harness/report/dryrun_report.h"
#include "harness/report/dryrun_row.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

std::vector<Profile> chosen_gpus(const std::vector<std::string>& names) {
  std::vector<Profile> gpus;
  for (const std::string& name : names) {
    if (name != "all") {
      gpus.push_back(find_profile(name));
      continue;
    }
    for (const Profile& profile : profiles()) {
      if (profile.compute_capability > 0) gpus.push_back(profile);
    }
  }
  return gpus;
}

/// Empty where there is no history to be replayed.
std::string gpu_report(const Dryrun& dryrun, const std::vector<Profile>& gpus) {
  const auto has_history = [](const DryrunPart& part) { return part.as_recorded.has_value(); };
  if (gpus.empty() || dryrun.parts.empty() || !std::ranges::all_of(dryrun.parts, has_history)) return "";
  return fmt::format("\n{}The calls are those of {}: on other GPUs the workspaces of libraries may differ.\n",
                     gpu_table(dryrun.parts, gpus, dryrun.context), dryrun.gpu);
}

void keep_snapshot(const Dryrun& dryrun, const std::string& file) {
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.pytorch || process.pytorch->devices.empty()) continue;
    std::error_code error;
    fs::copy_file(process.pytorch->snapshot, file, fs::copy_options::overwrite_existing, error);
    if (error) throw UsageError(fmt::format("--snapshot: {} cannot be written: {}", file, error.message()));
    return;
  }
  throw UsageError("--snapshot: no process allocated memory through PyTorch");
}

/// Of a range, a list of the reports of its ends, as far as they were run.
void write_json(const DryrunOptions& options, const std::vector<DryrunAtDensity>& runs) {
  const std::string& file = options.json;
  std::ofstream out(file);
  std::vector<std::string> reports;
  for (const DryrunAtDensity& run : runs) reports.push_back(dryrun_json(run.dryrun));
  if (options.densities.size() == 1) {
    out << reports.front();
  } else {
    out << fmt::format("[{}]\n", fmt::join(reports, ","));
  }
  if (!out.flush()) throw UsageError(fmt::format("--json: {} cannot be written", file));
}

/// The file of --csv, if there is to be one, for rows that nobody has measured yet.
std::optional<ResultsFile<Row>> rows_file(const DryrunOptions& options, const DryrunDevice& device) {
  if (options.csv.empty()) return std::nullopt;
  ResultsFile<Row> file = open_dryrun_results(options, name_of(device), device.profile);
  if (file.rows().empty()) return file;
  throw UsageError(fmt::format("{} holds this run already; choose another --csv, or --fresh to overwrite it",
                               options.csv));
}

Dryrun run_once(const DryrunOptions& options, DryrunDevice device, double density, const fs::path& report) {
  Dryrun result;
  result.command = fmt::format("{}", fmt::join(options.command, " "));
  result.gpu = options.gpu;
  result.capacity = device.profile.memory_bytes;
  result.context = device.profile.context_bytes;
  result.is_end_of_range = options.densities.size() > 1;
  device.density = density;
  TimeLimit time_limit;
  if (options.time_limit) time_limit = std::chrono::duration<double>(*options.time_limit);
  const Watching watching{standin_folder(), report, options.alloc_conf, options.steps};
  result.end = run_child(options.command, dryrun_environment(watching, device), time_limit);
  read_parts(result, report);
  add_replays(result);
  return result;
}

void add_rows(const DryrunOptions& options, ResultsFile<Row>& file, const std::vector<DryrunAtDensity>& runs,
              const std::string& device) {
  for (const auto& [density, run] : runs) {
    for (Row& row : rows_of(run, dryrun_row(run.command, device))) {
      if (options.densities.size() > 1) row.variant += fmt::format(", density {}", density);
      file.add(row);
    }
  }
}

/// The command's own, of the first run that did not end well.
int status_of(const std::vector<DryrunAtDensity>& runs) {
  for (const auto& [density, run] : runs) {
    if (!run.end.out_of_time && run.end.status != 0) return run.end.status;
  }
  return 0;
}

}  // namespace

int dryrun(const DryrunOptions& options) {
  if (options.command.empty()) {
    throw UsageError(
        "say what to run behind --, as in memsweep dryrun --gpu h100-sxm-80gb -- python train.py");
  }
  expect_places(options.command, options.sweep ? &*options.sweep : nullptr);
  if (options.sweep && options.densities.size() > 1)
    throw UsageError("--density: a sweep takes one share, not a range of them");
  if (options.sweep) return sweep_dryruns(options);
  const DryrunDevice device = dryrun_device(options);
  const std::vector<Profile> gpus = chosen_gpus(options.gpus);
  std::optional<ResultsFile<Row>> rows = rows_file(options, device);
  std::fflush(stdout);
  std::vector<DryrunAtDensity> runs;
  for (const double density : options.densities) {
    const ReportFolder report;
    runs.push_back({density, run_once(options, device, density, report.path())});
    const Dryrun& run = runs.back().dryrun;
    fmt::print("\n{}{}", dryrun_report(run), gpu_report(run, gpus));
    std::fflush(stdout);
    if (!options.snapshot.empty()) keep_snapshot(run, options.snapshot);
    if (run.end.interrupted) break;
  }
  if (runs.size() > 1) fmt::print("\n{}", density_range(runs.front(), runs.back()));
  if (!options.json.empty()) write_json(options, runs);
  if (rows) add_rows(options, *rows, runs, name_of(device));
  return status_of(runs);
}

}  // namespace memsweep
