// Host memory behind device addresses, at those very addresses: a kernel that runs on the host reads and
// writes through the pointers that the device would.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/standin/ranges.h"

namespace memsweep::standin {

/// Where it is off, every function succeeds and does nothing.
class HostBacking {
 public:
  explicit HostBacking(bool on) : on_(on) {}
  ~HostBacking();
  HostBacking(const HostBacking&) = delete;
  HostBacking& operator=(const HostBacking&) = delete;

  [[nodiscard]] bool on() const { return on_; }

  /// Zeroed memory at a range where the process has none. False: the host has no more.
  [[nodiscard]] bool back(Range range);

  /// Takes a range for later mappings; reading it is an error (SIGSEGV).
  [[nodiscard]] bool reserve(Range range);

  /// Ends what back() or reserve() began.
  void drop(Range range);

  /// Physical memory that may be mapped; its place.
  [[nodiscard]] std::uint64_t create(std::size_t bytes);
  void destroy(std::uint64_t place, std::size_t bytes);

  /// Makes the physical memory at `place` appear in a part of a reservation, closed to all access.
  [[nodiscard]] bool map(Range range, std::uint64_t place);
  void allow_access(Range range);
  void unmap(Range range);

 private:
  bool on_;
  int file_ = -1;          // holds all physical memory; sparse
  std::uint64_t end_ = 0;  // of its places
};

}  // namespace memsweep::standin
