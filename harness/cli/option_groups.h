// The options of the command line, in groups; a group writes what it reads to one structure.
#pragma once

#include <CLI/CLI.hpp>

#include "harness/cli/dryrun_options.h"
#include "harness/cli/options.h"
#include "harness/cli/replay_options.h"

namespace memsweep {

void add_sweep_options(CLI::App& app, RunOptions& options);
void add_model_options(CLI::App& app, RunOptions& options);
void add_loop_options(CLI::App& app, RunOptions& options);
void add_device_options(CLI::App& app, RunOptions& options);
void add_calibrate_options(CLI::App& app, CalibrateOptions& options);
void add_output_options(CLI::App& app, RunOptions& options);
void add_batch_option(CLI::App& app, CaseOptions& options);
void add_case_options(CLI::App& app, CaseOptions& options);
void add_replay_options(CLI::App& app, ReplayOptions& options);
void add_dryrun_options(CLI::App& app, DryrunOptions& options);

}  // namespace memsweep
