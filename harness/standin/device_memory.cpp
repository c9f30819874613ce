#include "harness/standin/device_memory.h"

#include <algorithm>

namespace memsweep::standin {
namespace {

// Neither where the host's own mappings are (0x7f…) nor in AddressSanitizer's shadow (up to 0x10007fff8000);
// apart from each other, so that an address tells its device.
constexpr Address kFirstAddress = 0x200000000000;
constexpr std::size_t kAddressesEach = std::size_t{1} << 40;
constexpr Range kReservable{0x300000000000, std::size_t{1} << 44};

std::size_t round_to_page(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

bool whole_pages(Range range) {
  return range.bytes > 0 && range.bytes % kPage == 0 && range.address % kPage == 0;
}

}  // namespace

DeviceMemory::DeviceMemory(int devices, std::size_t capacity, std::size_t used, NewMemory backing)
    : capacity_(capacity), backing_(backing), reservations_(kReservable) {
  for (int device = 0; device < devices; ++device) {
    devices_.push_back({used, Ranges({kFirstAddress + device * kAddressesEach, kAddressesEach})});
  }
}

DeviceMemory::~DeviceMemory() {
  for (const Device& device : devices_) {
    for (const auto& [address, bytes] : device.addresses.taken()) backing_.drop({address, bytes});
  }
  for (const auto& [address, bytes] : reservations_.taken()) backing_.drop({address, bytes});
}

cudaError_t DeviceMemory::allocate(int device, std::size_t bytes, Address& address) {
  if (bytes > capacity_) return cudaErrorMemoryAllocation;
  const std::size_t size = round_to_page(bytes);
  if (!take(device, size)) return cudaErrorMemoryAllocation;
  address = devices_[device].addresses.take(size, kPage);
  if (address != 0 && backing_.back({address, size})) return cudaSuccess;
  if (address != 0) devices_[device].addresses.give_back(address);
  devices_[device].used -= size;
  return cudaErrorMemoryAllocation;
}

cudaError_t DeviceMemory::free(Address address) {
  for (Device& device : devices_) {
    const Range range = device.addresses.around(address);
    if (range.bytes == 0 || range.address != address) continue;
    device.addresses.give_back(address);
    device.used -= range.bytes;
    backing_.drop(range);
    return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

cudaError_t DeviceMemory::reserve(std::size_t bytes, std::size_t alignment, Address& address) {
  if (bytes == 0 || bytes % kPage != 0 || (alignment & (alignment - 1)) != 0) return cudaErrorInvalidValue;
  address = reservations_.take(bytes, std::max(alignment, kPage));
  if (address == 0) return cudaErrorMemoryAllocation;
  if (backing_.reserve({address, bytes})) return cudaSuccess;
  reservations_.give_back(address);
  return cudaErrorMemoryAllocation;
}

cudaError_t DeviceMemory::unreserve(Range range) {
  const Range reserved = reservations_.around(range.address);
  if (reserved.address != range.address || reserved.bytes != range.bytes) return cudaErrorInvalidValue;
  const auto next = mappings_.lower_bound(range.address);
  if (next != mappings_.end() && next->first < range.end()) return cudaErrorInvalidValue;
  reservations_.give_back(range.address);
  backing_.drop(range);
  return cudaSuccess;
}

cudaError_t DeviceMemory::create(int device, std::size_t bytes, std::uint64_t& handle) {
  if (bytes == 0 || bytes % kPage != 0) return cudaErrorInvalidValue;
  if (!take(device, bytes)) return cudaErrorMemoryAllocation;
  std::uint64_t place = 0;
  if (!backing_.create(bytes, place)) {
    devices_[device].used -= bytes;
    return cudaErrorMemoryAllocation;
  }
  handle = ++handles_;
  pages_.emplace(handle, Pages{device, bytes, place});
  return cudaSuccess;
}

cudaError_t DeviceMemory::release(std::uint64_t handle) {
  const auto found = pages_.find(handle);
  if (found == pages_.end() || found->second.released) return cudaErrorInvalidValue;
  found->second.released = true;
  destroy_if_unused(handle);
  return cudaSuccess;
}

cudaError_t DeviceMemory::map(Range range, std::uint64_t handle) {
  const auto found = pages_.find(handle);
  if (found == pages_.end() || found->second.released) return cudaErrorInvalidValue;
  if (!whole_pages(range) || found->second.bytes != range.bytes) return cudaErrorInvalidValue;
  if (!reservations_.around(range.address).holds(range)) return cudaErrorInvalidValue;
  const auto next = mappings_.lower_bound(range.address);
  if (next != mappings_.end() && next->first < range.end()) return cudaErrorInvalidValue;
  if (mapping_at(range.address) != mappings_.end()) return cudaErrorInvalidValue;
  if (!backing_.map(range, found->second.place)) return cudaErrorMemoryAllocation;
  mappings_.emplace(range.address, Mapping{range.bytes, handle});
  ++found->second.mappings;
  return cudaSuccess;
}

cudaError_t DeviceMemory::unmap(Range range) {
  if (!mapped_exactly(range)) return cudaErrorInvalidValue;
  for (auto next = mappings_.lower_bound(range.address);
       next != mappings_.end() && next->first < range.end();) {
    --pages_.at(next->second.handle).mappings;
    destroy_if_unused(next->second.handle);
    next = mappings_.erase(next);
  }
  backing_.unmap(range);
  return cudaSuccess;
}

cudaError_t DeviceMemory::set_access(Range range) {
  if (!mapped_exactly(range)) return cudaErrorInvalidValue;
  const auto end = mappings_.lower_bound(range.end());
  for (auto next = mappings_.lower_bound(range.address); next != end; ++next) next->second.accessible = true;
  backing_.allow_access(range);
  return cudaSuccess;
}

int DeviceMemory::device_of(Address address) const {
  for (std::size_t device = 0; device < devices_.size(); ++device) {
    if (devices_[device].addresses.around(address).bytes > 0) return static_cast<int>(device);
  }
  const auto mapping = mapping_at(address);
  return mapping == mappings_.end() ? -1 : pages_.at(mapping->second.handle).device;
}

bool DeviceMemory::accessible(Range range) const {
  for (const Device& device : devices_) {
    if (device.addresses.around(range.address).holds(range)) return true;
  }
  for (Address next = range.address; next < range.end();) {
    const auto mapping = mapping_at(next);
    if (mapping == mappings_.end() || !mapping->second.accessible) return false;
    next = mapping->first + mapping->second.bytes;
  }
  return range.bytes > 0;
}

void DeviceMemory::count_live(std::map<std::string, std::size_t>& live) const {
  for (const Device& device : devices_) {
    if (!device.addresses.taken().empty()) live["cudaMalloc"] += device.addresses.taken().size();
  }
  if (!reservations_.taken().empty()) live["cuMemAddressReserve"] = reservations_.taken().size();
  if (!pages_.empty()) live["cuMemCreate"] = pages_.size();
  if (!mappings_.empty()) live["cuMemMap"] = mappings_.size();
}

bool DeviceMemory::take(int device, std::size_t bytes) {
  Device& there = devices_[device];
  if (bytes > free_bytes(device)) {
    ++there.refusals;
    return false;
  }
  there.used += bytes;
  there.peak = std::max(there.peak, there.used);
  return true;
}

void DeviceMemory::destroy_if_unused(std::uint64_t handle) {
  const auto found = pages_.find(handle);
  const Pages& pages = found->second;
  if (!pages.released || pages.mappings > 0) return;
  devices_[pages.device].used -= pages.bytes;
  backing_.destroy(pages.place, pages.bytes);
  pages_.erase(found);
}

DeviceMemory::Mappings::const_iterator DeviceMemory::mapping_at(Address address) const {
  auto next = mappings_.upper_bound(address);
  if (next == mappings_.begin()) return mappings_.end();
  --next;
  return address - next->first < next->second.bytes ? next : mappings_.end();
}

/// Whether whole mappings without a gap between make up the range.
bool DeviceMemory::mapped_exactly(Range range) const {
  Address end = range.address;
  for (auto next = mappings_.lower_bound(range.address); next != mappings_.end() && end < range.end();
       ++next) {
    if (next->first != end) return false;
    end = next->first + next->second.bytes;
  }
  return range.bytes > 0 && end == range.end();
}

}  // namespace memsweep::standin
