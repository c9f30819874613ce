#include <fmt/format.h>

#include <array>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/device/device.h"

namespace memsweep {
namespace {

constexpr std::string_view kSim = "sim";

Profile chosen_profile(const DeviceOptions& options) {
  Profile profile = !options.profile_file.empty()       ? read_profile(options.profile_file)
                    : options.spec.size() > kSim.size() ? find_profile(options.spec.substr(kSim.size() + 1))
                                                        : find_profile("cpu");
  if (options.memory_bytes) {
    profile.memory_bytes = *options.memory_bytes;
    if (profile.context_bytes >= profile.memory_bytes) {
      throw UsageError(fmt::format("--memory {} leaves nothing beside the {} that the context of {} takes",
                                   format_bytes(profile.memory_bytes), format_bytes(profile.context_bytes),
                                   profile.name));
    }
  }
  return profile;
}

}  // namespace

OpenedDevice open_device(const DeviceOptions& options) {
  const std::string& spec = options.spec;
  const bool sim = spec == kSim || spec.starts_with("sim:");
  if (!options.profile_file.empty() && spec != kSim) {
    throw UsageError("--profile describes a simulated device; use it with --device sim");
  }
  if (sim) return {make_sim(chosen_profile(options)), {}};
  const std::size_t memory = options.memory_bytes.value_or(find_profile("cpu").memory_bytes);
  if (spec == "cpu") return {make_cpu(memory), {}};
  if (spec == "auto") {
    return {make_cpu(memory), fmt::format("no CUDA device in this build; running on cpu with {} of memory",
                                          format_bytes(memory))};
  }
  if (spec == "cuda" || spec.starts_with("cuda:")) throw DeviceError("no CUDA device in this build");
  constexpr std::array<std::string_view, 5> kKnown{"auto", "cpu", "cuda", "sim", "sim:PROFILE"};
  throw UsageError(unknown("device", spec, kKnown));
}

}  // namespace memsweep
