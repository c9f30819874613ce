#include "harness/memory/sources/address_space.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace memsweep {

AddressSpace::AddressSpace(Address base, Address limit) { gaps_.emplace(base, limit - base); }

Address AddressSpace::take(std::size_t bytes) noexcept {
  const auto gap =
      std::find_if(gaps_.begin(), gaps_.end(), [bytes](const auto& range) { return range.second >= bytes; });
  if (gap == gaps_.end()) return 0;
  try {
    Gaps cradle;
    cradle.emplace(0, 0);
    spare_gaps_.push_back(cradle.extract(cradle.begin()));
  } catch (const std::bad_alloc&) {
    return 0;
  }
  const Address address = gap->first;
  if (gap->second == bytes) {
    gaps_.erase(gap);
    return address;
  }
  const auto behind = std::next(gap);
  Gaps::node_type rest = gaps_.extract(gap);
  rest.key() += bytes;
  rest.mapped() -= bytes;
  gaps_.insert(behind, std::move(rest));
  return address;
}

void AddressSpace::give_back(Address address, std::size_t bytes) noexcept {
  Gaps::node_type node = std::move(spare_gaps_.back());
  spare_gaps_.pop_back();
  node.key() = address;
  node.mapped() = bytes;
  auto gap = gaps_.insert(std::move(node)).position;
  const auto swallow_next = [this](Gaps::iterator range) {
    const auto next = std::next(range);
    if (next == gaps_.end() || range->first + range->second != next->first) return;
    range->second += next->second;
    gaps_.erase(next);
  };
  swallow_next(gap);
  if (gap != gaps_.begin()) swallow_next(std::prev(gap));
}

}  // namespace memsweep
