// The machine that a result was taken on.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/device/device.h"

namespace memsweep {

[[nodiscard]] nlohmann::json describe_environment(const Device& device);
/// Of a device by its name in results files.
[[nodiscard]] nlohmann::json describe_environment(const std::string& device, const Profile& profile);

}  // namespace memsweep
