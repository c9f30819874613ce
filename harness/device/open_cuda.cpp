#include "harness/device/open_cuda.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/device/python_wheels.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "libmemsweep_cuda.so";

fs::path module_file() {
  std::error_code error;
  if (const char* chosen = std::getenv("MEMSWEEP_CUDA_MODULE"); chosen != nullptr) {
    if (fs::exists(chosen, error)) return fs::absolute(chosen);
    throw DeviceError(fmt::format("MEMSWEEP_CUDA_MODULE names {}, which is not there", chosen));
  }
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& file : {folder / kModule, folder / "../lib/memsweep" / kModule}) {
    if (fs::exists(file, error)) return file;
  }
  throw DeviceError(
      fmt::format("no CUDA device in this build: there is no {} beside the program, which is "
                  "built where CMake finds a CUDA toolkit",
                  kModule));
}

/// "libcudart.so.13" of "libcudart.so.13: cannot open shared object file: No such file or directory"; empty
/// for another complaint of the loader.
std::string missing_library(const std::string& complaint) {
  const auto end = complaint.find(": cannot open shared object file");
  return end == std::string::npos ? "" : complaint.substr(0, end);
}

/// Loads what the loader did not find from the Python packages, for the module to find it loaded.
void load_from_wheels(const std::string& library, const std::string& complaint) {
  const auto file = find_in_wheels(library);
  if (file && dlopen(file->c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) return;
  const std::string why = file ? dlerror() : complaint;
  throw DeviceError(
      fmt::format("the cuda device needs {}, which neither the loader nor a look into the "
                  "nvidia-* packages of Python finds; LD_LIBRARY_PATH may name its folder ({})",
                  library, why));
}

void* load(const fs::path& file) {
  std::set<std::string> looked_for;
  for (;;) {
    if (void* module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL); module != nullptr) return module;
    const std::string complaint = dlerror();
    const std::string library = missing_library(complaint);
    if (library.empty() || !looked_for.insert(library).second)
      throw DeviceError(fmt::format("the cuda device cannot be loaded: {}", complaint));
    load_from_wheels(library, complaint);
  }
}

}  // namespace

std::unique_ptr<Device> open_cuda(const CudaRequest& request) {
  const fs::path file = module_file();
  void* module = load(file);  // stays loaded: CUDA cannot be unloaded
  auto* entry = reinterpret_cast<CudaEntry*>(dlsym(module, kCudaEntry));
  if (entry == nullptr) throw DeviceError(fmt::format("{} is no cuda device of memsweep", file.string()));
  return std::unique_ptr<Device>(entry(request));
}

}  // namespace memsweep
