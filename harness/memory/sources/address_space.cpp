#include "harness/memory/sources/address_space.h"

#include <algorithm>
#include <iterator>
#include <new>

namespace memsweep {

AddressSpace::AddressSpace(Address base, Address limit) : gaps_{{base, limit - base}} {}

Address AddressSpace::take(std::size_t bytes) noexcept {
  if (!reserve(taken_ + 2)) return 0;
  const auto gap =
      std::find_if(gaps_.begin(), gaps_.end(), [bytes](const Gap& g) { return g.bytes >= bytes; });
  if (gap == gaps_.end()) return 0;
  ++taken_;
  const Address address = gap->address;
  gap->address += bytes;
  gap->bytes -= bytes;
  if (gap->bytes == 0) gaps_.erase(gap);
  return address;
}

void AddressSpace::give_back(Address address, std::size_t bytes) noexcept {
  --taken_;
  const auto behind = std::lower_bound(gaps_.begin(), gaps_.end(), address,
                                       [](const Gap& g, Address at) { return g.address < at; });
  const bool joins_behind = behind != gaps_.end() && address + bytes == behind->address;
  const bool joins_before = behind != gaps_.begin() && std::prev(behind)->end() == address;
  if (joins_behind) {
    behind->address = address;
    behind->bytes += bytes;
  }
  if (joins_before) std::prev(behind)->bytes += joins_behind ? behind->bytes : bytes;
  if (joins_before && joins_behind) gaps_.erase(behind);
  if (!joins_before && !joins_behind) gaps_.insert(behind, {address, bytes});
}

// Grows by a quarter: there may be as many ranges as tensors, and their gaps are few.
bool AddressSpace::reserve(std::size_t gaps) noexcept {
  if (gaps <= gaps_.capacity()) return true;
  try {
    gaps_.reserve(std::max(gaps, gaps_.capacity() + gaps_.capacity() / 4));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace memsweep
