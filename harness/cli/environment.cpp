#include "harness/cli/environment.h"

#include <sys/utsname.h>

#include <fstream>
#include <string>
#include <thread>

namespace memsweep {
namespace {

/// The first "model name" of /proc/cpuinfo; empty where there is none.
std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

}  // namespace

nlohmann::json describe_environment(const Device& device) {
  auto environment = describe_environment(device.name(), device.profile());
  if (const std::string libraries = device.libraries(); !libraries.empty())
    environment["libraries"] = libraries;
  return environment;
}

nlohmann::json describe_environment(const std::string& device, const Profile& profile) {
  utsname system{};
  uname(&system);
  return {{"version", MEMSWEEP_VERSION},
          {"device", device},
          {"device_memory_bytes", profile.memory_bytes},
          {"profile_source", profile.source},
          {"processor", processor()},
          {"threads", std::thread::hardware_concurrency()},
          {"system", std::string(system.sysname) + " " + system.release + " " + system.machine}};
}

}  // namespace memsweep
