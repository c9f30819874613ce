#include "harness/cli/dryrun_device.h"

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {

DryrunDevice dryrun_device(const DryrunOptions& options) {
  DryrunDevice device{find_profile(options.gpu), options.devices, options.densities.front(),
                      options.asks_cudnn};
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

std::string name_of(const DryrunDevice& device) { return "sim:" + device.profile.name; }

}  // namespace memsweep
