// The GPU of this machine, as its driver describes it; no CUDA toolkit is needed to ask.
#pragma once

#include <cstddef>
#include <string>

namespace memsweep {

struct PresentGpu {
  std::string name;              // "NVIDIA H200"
  std::size_t memory_bytes = 0;  // all that the driver says there is
};

/// The first that CUDA_VISIBLE_DEVICES leaves. Throws DeviceError where there is no driver or no GPU.
[[nodiscard]] PresentGpu present_gpu();

}  // namespace memsweep
