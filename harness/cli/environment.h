// The machine that a result was taken on.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/device/device.h"

namespace memsweep {

[[nodiscard]] nlohmann::json describe_environment(const Device& device);

}  // namespace memsweep
