// What a device answers about itself.
#pragma once

#include <optional>

#include "harness/standin/settings.h"

namespace memsweep::standin {

/// The value of an attribute by its number, which the runtime (cudaDeviceAttr) and the driver
/// (CUdevice_attribute) share; nothing for an attribute that is not modelled.
[[nodiscard]] std::optional<int> device_attribute(const Settings& settings, int attribute, int device);

}  // namespace memsweep::standin
