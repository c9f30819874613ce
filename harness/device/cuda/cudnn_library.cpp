#include "harness/device/cuda/cudnn_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/device/python_wheels.h"

namespace memsweep {
namespace {

constexpr const char* kLibrary = "libcudnn.so.9";
constexpr int kHow = RTLD_NOW | RTLD_LOCAL;

}  // namespace

void* open_cudnn() {
  if (const char* named = std::getenv("MEMSWEEP_CUDNN"); named != nullptr) {
    if (std::string_view(named) == "off") return nullptr;
    if (void* library = dlopen(named, kHow); library != nullptr) return library;
    throw DeviceError(
        fmt::format("MEMSWEEP_CUDNN is neither off nor a cuDNN that can be loaded: {}", dlerror()));
  }
  if (void* library = dlopen(kLibrary, kHow); library != nullptr) return library;
  const auto file = find_in_wheels(kLibrary);
  return file ? dlopen(file->c_str(), kHow) : nullptr;
}

std::string describe(cuda::Cudnn& cudnn) {
  const auto version = cudnn.version();
  if (!version) return "no cuDNN";
  return fmt::format("cuDNN {}.{}.{}", *version / 10'000, *version / 100 % 100, *version % 100);
}

}  // namespace memsweep
