#include "harness/memory/sources/counting.h"

#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

// Far from each other and from anything a process has: a segment is told from a page by its address.
constexpr Address kSegments = 0x2000'0000'0000;
constexpr Address kRanges = 0x3000'0000'0000;
constexpr Address kEnd = 0x7000'0000'0000;

}  // namespace

CountingSource::CountingSource(std::size_t total, std::size_t used_before)
    : total_(total), used_(used_before), segments_(kSegments, kRanges), ranges_(kRanges, kEnd) {}

Address CountingSource::allocate(std::size_t bytes) noexcept {
  if (bytes > total_ - used_) return 0;
  const std::size_t rounded = round_to_granule(bytes);
  if (rounded > total_ - used_) return 0;
  const Address address = segments_.take(rounded);
  if (address != 0) used_ += rounded;
  return address;
}

void CountingSource::release(Address address, std::size_t bytes) noexcept {
  const std::size_t rounded = round_to_granule(bytes);
  segments_.give_back(address, rounded);
  used_ -= rounded;
}

Address CountingSource::reserve(std::size_t bytes) noexcept { return ranges_.take(bytes); }

void CountingSource::unreserve(Address address, std::size_t bytes) noexcept {
  ranges_.give_back(address, bytes);
}

bool CountingSource::map(Address, std::size_t page_bytes, std::size_t count) noexcept {
  if (count > (total_ - used_) / page_bytes) return false;
  used_ += count * page_bytes;
  return true;
}

void CountingSource::unmap(Address, std::size_t page_bytes, std::size_t count) noexcept {
  used_ -= count * page_bytes;
}

}  // namespace memsweep
