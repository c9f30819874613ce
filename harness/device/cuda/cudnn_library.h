// Where cuDNN is found.
#pragma once

#include <string>

#include "kernels/cuda/cudnn.h"

namespace memsweep {

/// Opens, for ever, the file that the environment variable MEMSWEEP_CUDNN names, or else the libcudnn.so.9
/// that the loader finds, or else that of the nvidia-* Python packages. Null where there is none, and where
/// the variable says "off". Throws DeviceError where the file that it names cannot be loaded.
[[nodiscard]] void* open_cudnn();

/// "cuDNN 9.19.0", or "no cuDNN" where none can be used.
[[nodiscard]] std::string describe(cuda::Cudnn& cudnn);

}  // namespace memsweep
