#include <fmt/format.h>

#include <array>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"
#include "harness/device/device.h"
#include "harness/device/open_cuda.h"

namespace memsweep {
namespace {

constexpr std::string_view kSim = "sim", kCuda = "cuda";

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

/// Of "cuda" or "cuda:N".
CudaRequest cuda_request(const DeviceOptions& options) {
  CudaRequest request{.memory_bytes = options.memory_bytes};
  if (options.spec.size() == kCuda.size()) return request;
  const auto index = parse_number<int>(options.spec.substr(kCuda.size() + 1));
  if (!index || *index < 0)
    throw UsageError(
        fmt::format("'{}' names no GPU; write cuda, or cuda:1 for the second one", options.spec));
  request.index = *index;
  return request;
}

/// A GPU where there is one that can be used, else the CPU.
OpenedDevice open_best(const DeviceOptions& options, std::size_t cpu_memory, const CudaOpener& open) {
  try {
    OpenedDevice opened{open({.memory_bytes = options.memory_bytes}), {}};
    opened.remark = fmt::format("running on {} with {} of memory", opened.device->name(),
                                format_bytes(opened.device->profile().memory_bytes));
    return opened;
  } catch (const DeviceError& error) {
    return {make_cpu(cpu_memory),
            fmt::format("{}; running on cpu with {} of memory", error.what(), format_bytes(cpu_memory))};
  }
}

}  // namespace

OpenedDevice open_device(const DeviceOptions& options) { return open_device(options, open_cuda); }

OpenedDevice open_device(const DeviceOptions& options, const CudaOpener& open) {
  const std::string& spec = options.spec;
  const bool sim = spec == kSim || spec.starts_with("sim:");
  if (!options.profile_file.empty() && spec != kSim) {
    throw UsageError("--profile describes a simulated device; use it with --device sim");
  }
  if (sim) return {make_sim(chosen_profile(options)), {}};
  const std::size_t memory = options.memory_bytes.value_or(find_profile("cpu").memory_bytes);
  if (spec == "cpu") return {make_cpu(memory), {}};
  if (spec == "auto") return open_best(options, memory, open);
  if (spec == kCuda || spec.starts_with("cuda:")) return {open(cuda_request(options)), {}};
  constexpr std::array<std::string_view, 6> kKnown{"auto", "cpu", "cuda", "cuda:N", "sim", "sim:PROFILE"};
  throw UsageError(unknown("device", spec, kKnown));
}

}  // namespace memsweep
