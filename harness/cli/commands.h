// The subcommands: each prints to stdout and returns the exit status. All throw UsageError.
#pragma once

#include <string>

#include "harness/cli/dryrun_options.h"
#include "harness/cli/options.h"
#include "harness/cli/replay_options.h"

namespace memsweep {

/// Sweeps; rows go to a file as they come, the table to stdout, progress to stderr.
int run_scenarios(const RunOptions& options);

/// A few steps of one configuration, or of every case in a file: what each phase took.
int run_steps_of(const CaseOptions& options);

/// Measures what a device reaches, and makes a profile of it. Throws DeviceError.
int calibrate_device(const CalibrateOptions& options);

/// Remedies that make a configuration fit, or its batch grow.
int advise(const CaseOptions& options);

/// What there is: "scenarios", "models", "optimizers", "devices", "columns"; empty: all.
int list(const std::string& topic);

/// A step as text, without running it.
int show(const RunOptions& options, std::int64_t batch);

/// A recording under the settings that are asked for.
int replay(const ReplayOptions& options);

/// What allocator settings do; 1 if PyTorch would refuse them.
int explain_conf(const ReplayOptions& options);

/// A command over the stand-in libraries of CUDA; its own exit status, or 0 where it was ended as asked.
int dryrun(const DryrunOptions& options);

int compare_results(const std::string& base, const std::string& next);

}  // namespace memsweep
