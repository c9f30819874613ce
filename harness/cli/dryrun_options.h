// What `memsweep dryrun` was asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/swept.h"

namespace memsweep {

struct DryrunOptions {
  std::string gpu = "h100-sxm-80gb";  // a profile's name
  std::optional<std::size_t> memory;  // bytes, in the place of the profile's
  std::vector<std::string> gpus;      // profiles on which the recorded sequence is replayed; "all" is each
  int devices = 1;
  bool asks_cudnn = true;  // for the workspaces of its plans, where it is installed beside PyTorch
  // The share of a mask's elements that scripts are told to hold; two: the ends of a range, a run each.
  std::vector<double> densities{1};
  std::size_t steps = 0;             // of optimizers, after which each process is ended; 0: no limit
  std::optional<double> time_limit;  // seconds
  std::string alloc_conf;            // as PYTORCH_CUDA_ALLOC_CONF; empty: the environment's
  std::string json;                  // where the report goes as JSON, too; empty: nowhere
  std::string snapshot;              // where PyTorch's snapshot goes; empty: nowhere
  std::string csv;                   // where rows go; empty: nowhere
  bool fresh = false;                // what is there already is overwritten
  std::optional<Swept> sweep;        // of a part of the command
  bool on_gpu = false;               // the runs of a sweep, on the GPU that is here
  std::vector<std::string> command;
};

}  // namespace memsweep
