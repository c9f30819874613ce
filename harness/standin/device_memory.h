// The memory of the modelled devices: how much each has, at which addresses it is handed out, what is mapped.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/standin/host_backing.h"
#include "harness/standin/ranges.h"

namespace memsweep::standin {

/// Memory is handed out in whole pages of this many bytes.
inline constexpr std::size_t kPage = std::size_t{2} << 20;

/// Errors are those of the runtime, whose numbers are the driver's as well.
class DeviceMemory {
 public:
  /// `devices` devices of `capacity` bytes, of which `used` are in use from the beginning.
  DeviceMemory(int devices, std::size_t capacity, std::size_t used, NewMemory backing);
  ~DeviceMemory();

  /// What cudaMalloc and cudaFree do. The lowest free address of the device; a range freed is free at once.
  cudaError_t allocate(int device, std::size_t bytes, Address& address);
  cudaError_t free(Address address);

  /// Addresses without memory, free of charge; `address` as it was reserved and with nothing mapped.
  cudaError_t reserve(std::size_t bytes, std::size_t alignment, Address& address);
  cudaError_t unreserve(Range range);

  /// Physical memory, counted from here until it is released and mapped nowhere.
  cudaError_t create(int device, std::size_t bytes, std::uint64_t& handle);
  cudaError_t release(std::uint64_t handle);

  /// All of a handle's memory, at an address of a reservation. Accessible once set_access() said so.
  cudaError_t map(Range range, std::uint64_t handle);
  cudaError_t unmap(Range range);
  cudaError_t set_access(Range range);

  /// The device that `address` belongs to; -1: it is no device address in use.
  [[nodiscard]] int device_of(Address address) const;

  /// Whether kernels may read and write all of a range.
  [[nodiscard]] bool accessible(Range range) const;

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t free_bytes(int device) const { return capacity_ - devices_[device].used; }

  /// The most that was in use at a time.
  [[nodiscard]] std::size_t peak_bytes(int device) const { return devices_[device].peak; }
  /// How often there was not as much as was asked for.
  [[nodiscard]] std::uint64_t refusals(int device) const { return devices_[device].refusals; }

  /// What is neither freed nor released, by the function that made it.
  void count_live(std::map<std::string, std::size_t>& live) const;

 private:
  struct Device {
    std::size_t used;
    Ranges addresses;
    std::size_t peak = used;
    std::uint64_t refusals = 0;  // for want of memory
  };
  struct Pages {
    int device;
    std::size_t bytes;
    std::uint64_t place;  // in the backing
    int mappings = 0;
    bool released = false;
  };
  struct Mapping {
    std::size_t bytes;
    std::uint64_t handle;
    bool accessible = false;
  };
  using Mappings = std::map<Address, Mapping>;

  [[nodiscard]] bool take(int device, std::size_t bytes);
  void destroy_if_unused(std::uint64_t handle);
  [[nodiscard]] Mappings::const_iterator mapping_at(Address address) const;
  [[nodiscard]] bool mapped_exactly(Range range) const;

  std::size_t capacity_;
  HostBacking backing_;
  std::vector<Device> devices_;
  Ranges reservations_;
  std::map<std::uint64_t, Pages> pages_;
  std::uint64_t handles_ = 0;  // made so far
  Mappings mappings_;
};

}  // namespace memsweep::standin
