#include "harness/report/duration.h"

#include <fmt/format.h>

namespace memsweep {

std::string format_duration(double seconds) {
  if (seconds >= 1) return fmt::format("{:.3g}s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3g}ms", seconds * 1e3);
  return fmt::format("{:.3g}us", seconds * 1e6);
}

}  // namespace memsweep
