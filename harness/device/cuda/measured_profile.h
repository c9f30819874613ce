// What a GPU says of itself, as a profile.
#pragma once

#include <string>

#include "harness/device/profile.h"

namespace memsweep {

/// "h100-80gb-hbm3" of "NVIDIA H100 80GB HBM3".
[[nodiscard]] std::string profile_name(const std::string& device_name);

/// Of the GPU with that number and name; its rates are those of the built-in profile most like it, its memory
/// and context are left to whoever measures them. Throws CudaError.
[[nodiscard]] Profile measured_profile(int index, const std::string& device_name);

}  // namespace memsweep
