// Where recorded truth lies: tests/golden, or the set that MEMSWEEP_GOLDEN names.
#pragma once

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace memsweep::testing {

inline std::filesystem::path golden_root() {
  const char* other = std::getenv("MEMSWEEP_GOLDEN");
  return other != nullptr && *other != '\0' ? other : MEMSWEEP_GOLDEN_DEFAULT;
}

/// A name that GoogleTest accepts for a parameter.
inline std::string test_name(std::string text) {
  for (char& c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return text;
}

}  // namespace memsweep::testing
