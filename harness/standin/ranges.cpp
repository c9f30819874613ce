#include "harness/standin/ranges.h"

#include <iterator>

namespace memsweep::standin {

Address Ranges::take(std::size_t bytes, std::size_t alignment) {
  const auto aligned = [alignment](Address address) { return (address + alignment - 1) & ~(alignment - 1); };
  Address candidate = aligned(whole_.address);
  for (const auto& [address, size] : taken_) {
    if (candidate + bytes <= address) break;
    candidate = aligned(address + size);
  }
  if (candidate > whole_.end() || bytes > whole_.end() - candidate) return 0;
  taken_.emplace(candidate, bytes);
  return candidate;
}

Range Ranges::around(Address address) const {
  const auto next = taken_.upper_bound(address);
  if (next == taken_.begin()) return {};
  const auto [begin, bytes] = *std::prev(next);
  return address - begin < bytes ? Range{begin, bytes} : Range{};
}

}  // namespace memsweep::standin
