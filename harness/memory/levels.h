// The levels of memory that people confuse.
#pragma once

#include <cstddef>

namespace memsweep {

/// requested <= allocated (rounded, what is left over included) <= reserved (segments) <= device (context
/// and others included). Bytes.
struct Levels {
  std::size_t requested = 0;
  std::size_t allocated = 0;
  std::size_t reserved = 0;
  std::size_t device = 0;
  friend bool operator==(const Levels&, const Levels&) = default;
};

}  // namespace memsweep
