// What the user asked for on the command line, in a config file or in the environment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/workplace.h"
#include "harness/device/device.h"
#include "harness/sweep/trial.h"
#include "scenarios/scenario.h"

namespace memsweep {

/// A sweep: `memsweep --scenario ...`.
struct RunOptions {
  std::vector<std::string> scenarios;  // names; "all"
  TrainingOptions training;
  DeviceOptions device;
  IsolationOptions isolation;
  std::string pytorch = "2.15";
  std::string alloc_conf;
  std::vector<std::int64_t> batches;  // a grid instead of the search for the boundary
  std::int64_t steps = 3;             // of the certificate
  double time_limit = 2;              // seconds of timed steps a trial
  bool scan = false;
  std::string csv;       // empty: results/<device>/<scenario>.csv
  std::string snapshot;  // what the allocator did in the trials, as a snapshot of PyTorch's; empty: none
  bool fresh = false;
  bool quiet = false;
  std::vector<std::string> given;  // options that were given at all, as in "--batches"
};

/// A few steps of one configuration: `memsweep run`.
struct CaseOptions {
  RunOptions& run;  // model, loop and device
  std::int64_t batch = 32;
  std::int64_t steps = 4;
  std::string cases;  // a file of them, instead of the one that `run` describes
  bool events = false;
  std::string format = "table";  // csv, json
};

/// What a device reaches: `memsweep calibrate`.
struct CalibrateOptions {
  DeviceOptions device;
  std::string out;  // where the profile goes; empty: nowhere
};

/// "none,sqrt": each name once.
[[nodiscard]] std::vector<std::string> parse_names(const std::string& text);

/// Each batch once, of "64,128,256" or "64:4096:x2" (from, to, factor) or "64:1024:+64" (from, to, step).
/// Throws UsageError.
[[nodiscard]] std::vector<std::int64_t> parse_batches(const std::string& text);

/// "0.1": at least 0 and below 1. Throws UsageError.
[[nodiscard]] double parse_probability(const std::string& text);

/// What a trial takes from the options. Throws UsageError for settings or releases that are not known.
[[nodiscard]] TrialOptions trial_options_of(const RunOptions& options);

}  // namespace memsweep
