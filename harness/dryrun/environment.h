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
};

/// The folder of the stand-in libraries, beside this executable. Throws UsageError where there is none.
[[nodiscard]] std::filesystem::path standin_folder();

/// The environment of this process ("NAME=value") with the changes that a dry run wants: the libraries of
/// `standin` go before all others, the devices are as described, and reports go to `report`. `alloc_conf`
/// empty: as it is; `steps` 0: no limit.
[[nodiscard]] std::vector<std::string> dryrun_environment(const std::filesystem::path& standin,
                                                          const std::filesystem::path& report,
                                                          const DryrunDevice& device,
                                                          const std::string& alloc_conf, std::size_t steps);

}  // namespace memsweep
