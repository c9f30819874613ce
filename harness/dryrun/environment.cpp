#include "harness/dryrun/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

/// PyTorch opens these by name when it runs; all others are linked, and its own folders come before any
/// LD_LIBRARY_PATH.
constexpr std::string_view kOpenedByName[] = {"libcuda.so", "libnvidia-ml.so"};

bool is_preloaded(const std::string& name) {
  return name.starts_with("lib") && name.find(".so.") != std::string::npos &&
         std::ranges::none_of(kOpenedByName, [&](std::string_view other) { return name.starts_with(other); });
}

/// The library under the name by which others ask for it: libcudart.so.13, not libcudart.so.13.0.
bool is_soname(const std::string& name) {
  const std::string_view version = std::string_view(name).substr(name.find(".so.") + 4);
  return std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
}

std::string preloaded_libraries(const fs::path& folder) {
  std::set<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (is_preloaded(name) && is_soname(name)) paths.insert(entry.path());
  }
  return fmt::format("{}", fmt::join(paths, ":"));
}

std::string device_settings(const DryrunDevice& device, const fs::path& report) {
  const Profile& profile = device.profile;
  std::string settings = fmt::format(
      "devices={},memory={},context={},capability={},multiprocessors={},threads={},name={},density={},"
      "compute=off,report={},memory_clock={}",
      device.count, profile.memory_bytes, profile.context_bytes, profile.compute_capability,
      profile.multiprocessors.count, profile.multiprocessors.threads_each, profile.name, device.density,
      report.string(), profile.memory_clock_mhz);
  if (device.asks_cudnn) settings += ",cudnn=installed";
  return settings;
}

using Variables = std::map<std::string, std::string>;

Variables own_environment() {
  Variables variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

/// Puts a path before those that a variable has.
void put_before(Variables& variables, const std::string& name, const std::string& path) {
  std::string& value = variables[name];
  value = value.empty() ? path : path + ":" + value;
}

void put_behind(Variables& variables, const std::string& name, const std::string& path) {
  std::string& value = variables[name];
  value += (value.empty() ? "" : ":") + path;
}

/// What the hook in Python and PyTorch's allocator read.
void add_watching(Variables& variables, const Watching& watching) {
  put_before(variables, "PYTHONPATH", watching.standin / "python");
  variables["MEMSWEEP_REPORT"] = watching.report;
  if (watching.steps > 0) variables["MEMSWEEP_STEPS"] = fmt::format("{}", watching.steps);
  if (!watching.alloc_conf.empty()) variables["PYTORCH_CUDA_ALLOC_CONF"] = watching.alloc_conf;
}

std::vector<std::string> as_list(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) list.push_back(name + "=" + value);
  return list;
}

}  // namespace

fs::path standin_folder() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path() / "standin";
  if (!fs::is_directory(folder)) {
    throw UsageError(
        fmt::format("the stand-in libraries of CUDA are missing: there is no folder {}", folder.string()));
  }
  return folder;
}

std::vector<std::string> dryrun_environment(const Watching& watching, const DryrunDevice& device) {
  const fs::path& standin = watching.standin;
  Variables variables = own_environment();
  variables.erase("CUDA_VISIBLE_DEVICES");
  // What was preloaded before stays first: a sanitizer's or an allocator's library insists on it.
  put_behind(variables, "LD_PRELOAD", preloaded_libraries(standin));
  put_before(variables, "LD_LIBRARY_PATH", standin);
  put_behind(variables, "LD_LIBRARY_PATH", standin / "fallback");
  variables["MEMSWEEP_STANDIN"] = device_settings(device, watching.report);
  add_watching(variables, watching);
  return as_list(variables);
}

std::vector<std::string> gpu_environment(const Watching& watching) {
  Variables variables = own_environment();
  add_watching(variables, watching);
  return as_list(variables);
}

}  // namespace memsweep
