// The subcommands: each prints to stdout and returns the exit status. All throw UsageError.
#pragma once

#include <string>

#include "harness/cli/options.h"

namespace memsweep {

/// Sweeps; rows go to a file as they come, the table to stdout, progress to stderr.
int run_scenarios(const RunOptions& options);

/// What there is: "scenarios", "models", "optimizers", "devices", "columns"; empty: all.
int list(const std::string& topic);

/// A step as text, without running it.
int show(const RunOptions& options, std::int64_t batch);

int compare_results(const std::string& base, const std::string& next);

}  // namespace memsweep
