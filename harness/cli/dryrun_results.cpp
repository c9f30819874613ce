#include "harness/cli/dryrun_results.h"

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/environment.h"

namespace memsweep {
namespace {

/// A file of a command that came to nothing, as one that was misspelt.
bool is_empty(const std::string& csv) {
  try {
    return read_rows(csv).empty();
  } catch (const UsageError&) {  // not there, or none of ours
    return false;
  }
}

}  // namespace

nlohmann::json dryrun_settings(const DryrunOptions& options, const std::string& device,
                               const Profile& profile) {
  nlohmann::json settings{{"scenario", "dryrun"},
                          {"device", device},
                          {"memory", format_bytes(profile.memory_bytes)},
                          {"memory_bytes", profile.memory_bytes},
                          {"devices", options.devices},
                          {"alloc_conf", options.alloc_conf},
                          {"steps", options.steps},
                          {"command", options.command}};
  if (options.time_limit) settings["time_limit"] = *options.time_limit;
  if (options.densities.size() > 1) {
    settings["density"] = options.densities;
  } else if (options.densities.front() != 1) {
    settings["density"] = options.densities.front();
  }
  settings["cudnn"] = options.asks_cudnn ? "installed" : "none";
  // What is swept, not over which values: another range of them goes on with the rows that are there.
  if (options.sweep) settings["sweep"] = options.sweep->name;
  return settings;
}

ResultsFile<Row> open_dryrun_results(const DryrunOptions& options, const std::string& device,
                                     const Profile& profile) {
  if (options.fresh || is_empty(options.csv)) remove_results(options.csv);
  return {options.csv, dryrun_settings(options, device, profile), describe_environment(device, profile)};
}

}  // namespace memsweep
