// Times as people write them.
#pragma once

#include <string>

namespace memsweep {

/// "1.23s", "45.6ms", "789us": three significant digits.
[[nodiscard]] std::string format_duration(double seconds);

}  // namespace memsweep
