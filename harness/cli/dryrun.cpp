#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/dryrun_options.h"
#include "harness/device/profile.h"
#include "harness/dryrun/child.h"
#include "harness/dryrun/environment.h"
#include "harness/dryrun/findings.h"
#include "harness/dryrun/history.h"
#include "harness/report/dryrun_gpus.h"
#include "harness/report/dryrun_json.h"
#include "harness/report/dryrun_report.h"
#include "harness/trace/what_if.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

/// A folder that goes with this object.
class ReportFolder {
 public:
  ReportFolder() {
    std::string pattern = fs::temp_directory_path() / "memsweep-dryrun-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      throw UsageError(fmt::format("no folder can be made in {}", fs::temp_directory_path().string()));
    }
    path_ = pattern;
  }
  ~ReportFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

DryrunDevice device_of(const DryrunOptions& options) {
  DryrunDevice device{find_profile(options.gpu), options.devices};
  if (device.profile.compute_capability == 0) {
    throw UsageError(fmt::format("--gpu: '{}' is no GPU", options.gpu));
  }
  if (options.memory) device.profile.memory_bytes = *options.memory;
  if (!options.gpus.empty()) device.profile.memory_bytes = kUnlimitedMemory;
  if (device.profile.memory_bytes <= device.profile.context_bytes) {
    throw UsageError("--memory: the context alone takes more");
  }
  return device;
}

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

/// What other settings would do about a shortage.
std::string advice_on(const History& history, DeviceSize device, const WhatIf& as_recorded) {
  std::vector<WhatIf> tried{as_recorded};
  for (const std::string& settings : sensible_settings()) {
    if (settings != history.settings)
      tried.push_back(what_if(history.trace, settings, history.release, device));
  }
  return "Of what was recorded until then: " + recommend(tried);
}

DryrunPart part_of(const ProcessFindings& process, std::size_t position, std::size_t capacity) {
  DryrunPart part;
  part.pid = process.pid;
  const PytorchFindings& pytorch = *process.pytorch;
  part.pytorch = pytorch.devices.at(position);
  part.device = part.pytorch->index;
  if (process.standin && part.device < process.standin->devices.size()) {
    part.standin = process.standin->devices[part.device];
  }
  part.used_before = part.pytorch->used - std::min(part.pytorch->used, part.pytorch->now.reserved);
  part.history = read_history(pytorch, position);
  if (part.history->gap) return part;  // what is replayed has to be the whole
  const DeviceSize device{capacity, part.used_before};
  part.as_recorded = what_if(part.history->trace, part.history->settings, part.history->release, device);
  if (part.history->at_shortage) part.advice = advice_on(*part.history, device, *part.as_recorded);
  return part;
}

std::vector<DryrunPart> parts_of(const ProcessFindings& process, std::size_t capacity) {
  std::vector<DryrunPart> parts;
  if (process.pytorch) {
    for (std::size_t i = 0; i < process.pytorch->devices.size(); ++i) {
      parts.push_back(part_of(process, i, capacity));
    }
  } else if (process.standin) {
    for (std::size_t i = 0; i < process.standin->devices.size(); ++i) {
      const StandinDevice& device = process.standin->devices[i];
      if (device.peak <= device.context) continue;
      DryrunPart& part = parts.emplace_back();
      part.pid = process.pid;
      part.device = i;
      part.standin = device;
    }
  }
  return parts;
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

}  // namespace

int dryrun(const DryrunOptions& options) {
  if (options.command.empty()) {
    throw UsageError(
        "say what to run behind --, as in memsweep dryrun --gpu h100-sxm-80gb -- python train.py");
  }
  const DryrunDevice device = device_of(options);
  const std::vector<Profile> gpus = chosen_gpus(options.gpus);
  const fs::path standin = standin_folder();
  const ReportFolder report;
  std::fflush(stdout);
  Dryrun result;
  result.command = fmt::format("{}", fmt::join(options.command, " "));
  result.gpu = options.gpu;
  result.capacity = device.profile.memory_bytes;
  result.context = device.profile.context_bytes;
  std::optional<std::chrono::duration<double>> time_limit;
  if (options.time_limit) time_limit = std::chrono::duration<double>(*options.time_limit);
  result.end = run_child(
      options.command, dryrun_environment(standin, report.path(), device, options.alloc_conf, options.steps),
      time_limit);
  result.processes = read_findings(report.path());
  for (const ProcessFindings& process : result.processes) {
    for (DryrunPart& part : parts_of(process, result.capacity)) result.parts.push_back(std::move(part));
  }
  fmt::print("\n{}{}", dryrun_report(result), gpu_report(result, gpus));
  if (!options.json.empty()) write_json(result, options.json);
  if (!options.snapshot.empty()) keep_snapshot(result, options.snapshot);
  return result.end.out_of_time ? 0 : result.end.status;
}

}  // namespace memsweep
