// The sign of a number.
#pragma once

namespace memsweep {

/// -1, 0 or 1; of 0 and NaN 0.
[[nodiscard]] constexpr float sign(float x) { return static_cast<float>((x > 0) - (x < 0)); }

}  // namespace memsweep
