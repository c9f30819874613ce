// Whole fields as numbers.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>

namespace memsweep {

/// Throws std::invalid_argument unless all of `text` is one number.
template <typename Number>
[[nodiscard]] Number parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument("'" + std::string(text) + "' is no number");
  }
  return value;
}

}  // namespace memsweep
