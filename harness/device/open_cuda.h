// The cuda device lives in a module that is loaded only where it is asked for, so that a program without it,
// or without CUDA's libraries, runs all the same.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "harness/device/device.h"

namespace memsweep {

struct CudaRequest {
  int index = 0;                              // of the GPU, as the driver counts
  std::optional<std::size_t> memory_bytes{};  // cap, the context included; all there is where it is not given
};

/// What the module exports under kCudaEntry. Called with C++'s own types: program and module are one build.
/// Throws DeviceError and UsageError.
using CudaEntry = Device*(const CudaRequest& request);
inline constexpr const char* kCudaEntry = "memsweep_open_cuda";

/// Loads the module: that of the environment variable MEMSWEEP_CUDA_MODULE, or libmemsweep_cuda.so beside the
/// program or in ../lib/memsweep. CUDA's libraries that the loader does not find are searched in the folders
/// of the nvidia-* Python packages. Throws DeviceError with a sentence of its own for each of: no module, no
/// library, no driver or GPU that can be used. Throws UsageError for a cap that the GPU has no room for.
[[nodiscard]] std::unique_ptr<Device> open_cuda(const CudaRequest& request);

}  // namespace memsweep
