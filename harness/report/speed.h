// How fast a trial was, for a table.
#pragma once

#include <string>
#include <string_view>

#include "harness/report/row.h"

namespace memsweep {

/// What the question mark says.
inline constexpr std::string_view kNoisyRemark =
    "? marks times that are not known to 2 %: the machine was busy, or the steps are short.\n";

struct Speed {
  std::string step = "-";    // median
  std::string spread = "-";  // how far the median may be off; "?" before it: more than 2 %
  std::string rate = "-";    // samples per second
};

/// Dashes where no row is, or no time was taken; modelled times have no spread.
[[nodiscard]] Speed speed_of(const Row* row);

}  // namespace memsweep
