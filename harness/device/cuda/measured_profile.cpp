#include "harness/device/cuda/measured_profile.h"

#include <cuda_runtime_api.h>

#include <fmt/format.h>

#include "kernels/cuda/check.h"

namespace memsweep {
namespace {

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  cuda::check(cudaDeviceGetAttribute(&value, which, index), "cudaDeviceGetAttribute");
  return value;
}

}  // namespace

std::string profile_name(const std::string& device_name) {
  std::string name;
  for (const char letter : device_name) {
    const bool digit = letter >= '0' && letter <= '9', capital = letter >= 'A' && letter <= 'Z';
    if (capital) {
      name += static_cast<char>(letter - 'A' + 'a');
    } else if (digit || (letter >= 'a' && letter <= 'z')) {
      name += letter;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (name.ends_with('-')) name.pop_back();
  constexpr std::string_view kMaker = "nvidia-";
  if (name.starts_with(kMaker)) name.erase(0, kMaker.size());
  return name.empty() ? "gpu" : name;
}

Profile measured_profile(int index, const std::string& device_name) {
  const std::string name = profile_name(device_name);
  const int capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor, index) +
                         attribute(cudaDevAttrComputeCapabilityMinor, index);
  const Multiprocessors multiprocessors{attribute(cudaDevAttrMultiProcessorCount, index),
                                        attribute(cudaDevAttrMaxThreadsPerMultiProcessor, index)};
  const Profile& like = nearest_profile(name, capability, multiprocessors.count);
  Profile profile = like;
  profile.name = name;
  profile.source = fmt::format("memory as the driver says, rates of {}", like.name);
  profile.compute_capability = capability;
  profile.multiprocessors = multiprocessors;
  return profile;
}

}  // namespace memsweep
