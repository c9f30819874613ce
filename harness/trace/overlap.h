// Memory that is used twice: how recordings contradict themselves most often.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

#include "harness/memory/segment_source.h"

namespace memsweep {

/// The entry, of things by address that do not overlap each other, that lies in [address, address + bytes),
/// wholly or in part; null if none does. `extent` gives the bytes of a thing.
template <class Thing, class Extent>
[[nodiscard]] const std::pair<const Address, Thing>* overlapping(const std::map<Address, Thing>& things,
                                                                 Address address, std::size_t bytes,
                                                                 Extent extent) {
  const auto behind = things.lower_bound(address + bytes);
  if (behind == things.begin()) return nullptr;
  const auto& last = *std::prev(behind);
  return last.first >= address || address - last.first < extent(last.second) ? &last : nullptr;
}

}  // namespace memsweep
