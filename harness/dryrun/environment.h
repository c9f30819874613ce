// What a command needs to find the stand-in libraries of CUDA in the place of the true ones.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/device/profile.h"

namespace memsweep {

struct DryrunDevice {
  Profile profile;
  int count = 1;
  double density = 1;       // the share of a mask's elements that a script is told to hold
  bool asks_cudnn = false;  // the one beside PyTorch tells the workspaces of its plans; else they are none
};

/// The folder of the stand-in libraries, beside this executable. Throws UsageError where there is none.
[[nodiscard]] std::filesystem::path standin_folder();

/// How a run is watched.
struct Watching {
  std::filesystem::path standin;  // the folder of the stand-in libraries
  std::filesystem::path report;   // where reports go
  std::string alloc_conf;         // of PyTorch; empty: as it is
  std::size_t steps = 0;          // after which a run is ended; 0: none
};

/// The environment of this process ("NAME=value") with the changes that a dry run wants: the libraries of the
/// stand-in go before all others, and the devices are as described.
[[nodiscard]] std::vector<std::string> dryrun_environment(const Watching& watching,
                                                          const DryrunDevice& device);

/// The same for a run on a GPU, with its own libraries.
[[nodiscard]] std::vector<std::string> gpu_environment(const Watching& watching);

}  // namespace memsweep
