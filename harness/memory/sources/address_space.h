// Which addresses a device hands out: always the lowest gap that is large enough. Every counted and
// every host device follows it, so that a simulated and a real run see the same order of addresses.
#pragma once

#include <cstddef>
#include <map>
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
  using Gaps = std::map<Address, std::size_t>;  // address, bytes; neighbours are merged

  Gaps gaps_;
  // One for each range taken: giving back may need a gap of its own and must not fail.
  std::vector<Gaps::node_type> spare_gaps_;
};

}  // namespace memsweep
