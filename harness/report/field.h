// Fields of a CSV file as numbers.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "harness/base/parse.h"

namespace memsweep {

/// Throws std::invalid_argument unless all of `field` is one number.
template <typename Number>
[[nodiscard]] Number number_in(std::string_view field) {
  if (const auto number = parse_number<Number>(field)) return *number;
  throw std::invalid_argument("'" + std::string(field) + "' is no number");
}

}  // namespace memsweep
