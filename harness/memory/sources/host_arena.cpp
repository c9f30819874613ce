#include "harness/memory/sources/host_arena.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>

#include "harness/memory/errors.h"
#include "harness/memory/size_rules.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

// First fit scatters segments over more addresses than there is memory, as on a GPU.
constexpr std::size_t kRangePerCap = 64;
constexpr std::size_t kLargestRange = std::size_t{1} << 40;

std::size_t range_bytes(std::size_t cap) {
  const std::size_t wanted = cap < kLargestRange / kRangePerCap ? cap * kRangePerCap : kLargestRange;
  return round_to_granule(std::max(wanted, 2 * cap));
}

void* pointer(Address address) noexcept { return reinterpret_cast<void*>(address); }

bool populate(Address address, std::size_t bytes) noexcept {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE;
  return mmap(pointer(address), bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) != MAP_FAILED;
}

void depopulate(Address address, std::size_t bytes) noexcept {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
  if (mmap(pointer(address), bytes, PROT_NONE, kFlags, -1, 0) != MAP_FAILED) return;
  // Too many mappings to cut this one out: its memory goes back all the same.
  madvise(pointer(address), bytes, MADV_DONTNEED);
}

}  // namespace

HostRange::HostRange(std::size_t bytes) : begin_(0), bytes_(bytes + kGranule) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* range = mmap(nullptr, bytes_, PROT_NONE, kFlags, -1, 0);
  if (range == MAP_FAILED) {
    throw UsageError(
        fmt::format("the host refuses {} of address space; is it limited (ulimit -v)?", format_size(bytes_)));
  }
  begin_ = reinterpret_cast<Address>(range);
}

HostRange::~HostRange() { munmap(pointer(begin_), bytes_); }

HostArena::HostArena(std::size_t cap)
    : cap_(cap),
      segment_range_(range_bytes(cap)),
      page_range_(range_bytes(cap)),
      segments_(round_to_granule(segment_range_.begin()), segment_range_.end()),
      ranges_(round_to_granule(page_range_.begin()), page_range_.end()) {}

Address HostArena::allocate(std::size_t bytes) noexcept {
  if (bytes > cap_ - used_) return 0;
  const std::size_t rounded = round_to_granule(bytes);
  if (rounded > cap_ - used_) return 0;
  const Address address = segments_.take(rounded);
  if (address == 0) return 0;
  if (!populate(address, rounded)) {
    segments_.give_back(address, rounded);
    return 0;
  }
  used_ += rounded;
  return address;
}

void HostArena::release(Address address, std::size_t bytes) noexcept {
  const std::size_t rounded = round_to_granule(bytes);
  depopulate(address, rounded);
  segments_.give_back(address, rounded);
  used_ -= rounded;
}

Address HostArena::reserve(std::size_t bytes) noexcept { return ranges_.take(bytes); }

void HostArena::unreserve(Address address, std::size_t bytes) noexcept { ranges_.give_back(address, bytes); }

bool HostArena::map(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  if (count > (cap_ - used_) / page_bytes || !populate(address, count * page_bytes)) return false;
  used_ += count * page_bytes;
  return true;
}

void HostArena::unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  depopulate(address, count * page_bytes);
  used_ -= count * page_bytes;
}

}  // namespace memsweep
