// The larger of two numbers.
#pragma once

#include <cmath>

namespace memsweep::cpu {

/// NaN if either is.
template <class Number>
[[nodiscard]] inline Number larger(Number a, Number b) {
  return a < b || std::isnan(b) ? b : a;
}

}  // namespace memsweep::cpu
