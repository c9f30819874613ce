// Which addresses a device hands out: always the lowest gap that is large enough. Every counted and
// every host device follows it, so that a simulated and a real run see the same order of addresses.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/memory/segment_source.h"

namespace memsweep {

class AddressSpace {
 public:
  /// Addresses in [base, limit); base > 0.
  AddressSpace(Address base, Address limit);

  /// Takes the lowest gap of at least `bytes` bytes; 0 if there is none, or no host memory to note it.
  [[nodiscard]] Address take(std::size_t bytes) noexcept;

  /// Gives back a range as it was taken.
  void give_back(Address address, std::size_t bytes) noexcept;

 private:
  struct Gap {
    Address address;
    std::size_t bytes;
    [[nodiscard]] Address end() const noexcept { return address + bytes; }
  };

  [[nodiscard]] bool reserve(std::size_t gaps) noexcept;

  // By address; neighbours are merged, so that there are at most one more than ranges taken. Taking a range
  // makes room for as many: giving back must not fail.
  std::vector<Gap> gaps_;
  std::size_t taken_ = 0;  // ranges
};

}  // namespace memsweep
