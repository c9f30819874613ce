#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

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

void write_json(const Dryrun& dryrun, const std::string& file) {
  std::ofstream out(file);
  out << dryrun_json(dryrun);
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

}  // namespace

int dryrun(const DryrunOptions& options) {
  if (options.command.empty()) {
    throw UsageError(
        "say what to run behind --, as in memsweep dryrun --gpu h100-sxm-80gb -- python train.py");
  }
  expect_places(options.command, options.sweep ? &*options.sweep : nullptr);
  if (options.sweep) return sweep_dryruns(options);
  const DryrunDevice device = dryrun_device(options);
  const std::vector<Profile> gpus = chosen_gpus(options.gpus);
  const fs::path standin = standin_folder();
  std::optional<ResultsFile<Row>> rows = rows_file(options, device);
  const ReportFolder report;
  std::fflush(stdout);
  Dryrun result;
  result.command = fmt::format("{}", fmt::join(options.command, " "));
  result.gpu = options.gpu;
  result.capacity = device.profile.memory_bytes;
  result.context = device.profile.context_bytes;
  TimeLimit time_limit;
  if (options.time_limit) time_limit = std::chrono::duration<double>(*options.time_limit);
  const Watching watching{standin, report.path(), options.alloc_conf, options.steps};
  result.end = run_child(options.command, dryrun_environment(watching, device), time_limit);
  read_parts(result, report.path());
  add_replays(result);
  fmt::print("\n{}{}", dryrun_report(result), gpu_report(result, gpus));
  if (!options.json.empty()) write_json(result, options.json);
  if (!options.snapshot.empty()) keep_snapshot(result, options.snapshot);
  if (rows) {
    for (const Row& row : rows_of(result, dryrun_row(result.command, name_of(device)))) rows->add(row);
  }
  return result.end.out_of_time ? 0 : result.end.status;
}

}  // namespace memsweep
