#pragma once

#include <string>

#include "harness/standin/settings.h"

namespace memsweep::standin {

/// The device of the settings as cuDNN reads it (CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION).
[[nodiscard]] std::string device_text(const Settings& settings);

}  // namespace memsweep::standin
