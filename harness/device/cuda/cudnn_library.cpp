#include "harness/device/cuda/cudnn_library.h"

#include <cstdlib>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/device/python_wheels.h"

namespace memsweep {
namespace {

constexpr const char* kLibrary = "libcudnn.so.9";

/// The file that the user wants; "off" for none, empty for any.
std::string named_cudnn() {
  const char* const named = std::getenv("MEMSWEEP_CUDNN");
  return named == nullptr ? "" : named;
}

}  // namespace

std::vector<std::string> find_cudnn() {
  const std::string named = named_cudnn();
  if (named == "off") return {};
  if (!named.empty()) return {named};
  std::vector<std::string> files{kLibrary};
  if (const auto file = find_in_wheels(kLibrary)) files.push_back(file->string());
  return files;
}

std::string describe(cuda::Cudnn& cudnn) {
  const auto version = cudnn.version();
  if (const std::string named = named_cudnn(); !version && !named.empty() && named != "off") {
    throw DeviceError(fmt::format(
        "MEMSWEEP_CUDNN is neither off nor a cuDNN 9 for this CUDA that can be loaded: {}", named));
  }
  if (!version) return "no cuDNN";
  return fmt::format("cuDNN {}.{}.{}", *version / 10'000, *version / 100 % 100, *version % 100);
}

}  // namespace memsweep
