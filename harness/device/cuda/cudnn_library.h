// Where cuDNN is found.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/cudnn.h"

namespace memsweep {

/// The file that the environment variable MEMSWEEP_CUDNN names; nothing where it says "off"; else the
/// libcudnn.so.9 that the loader finds, and that of the nvidia-* Python packages.
[[nodiscard]] std::vector<std::string> find_cudnn();

/// "cuDNN 9.19.0", or "no cuDNN" where none can be used. Throws DeviceError where that is the one that
/// MEMSWEEP_CUDNN names.
[[nodiscard]] std::string describe(cuda::Cudnn& cudnn);

}  // namespace memsweep
