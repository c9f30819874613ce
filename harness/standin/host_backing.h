// Host memory behind device addresses, at those very addresses: a kernel that runs on the host reads and
// writes through the pointers that the device would.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/standin/ranges.h"

namespace memsweep::standin {

/// What new memory holds: zeros, or bytes of 0xFF, which are NaN in every floating-point type.
enum class NewMemory { none, zeros, garbage };

/// For NewMemory::none every function succeeds and does nothing.
class HostBacking {
 public:
  explicit HostBacking(NewMemory memory) : memory_(memory) {}
  ~HostBacking();
  HostBacking(const HostBacking&) = delete;
  HostBacking& operator=(const HostBacking&) = delete;

  /// Memory at a range where the process has none. False: the host has no more.
  [[nodiscard]] bool back(Range range);

  /// Takes a range for later mappings; reading it is an error (SIGSEGV).
  [[nodiscard]] bool reserve(Range range);

  /// Ends what back() or reserve() began.
  void drop(Range range);

  /// Physical memory that may be mapped; false: the host has no more.
  [[nodiscard]] bool create(std::size_t bytes, std::uint64_t& place);
  void destroy(std::uint64_t place, std::size_t bytes);

  /// Makes the physical memory at `place` appear in a part of a reservation, closed to all access.
  [[nodiscard]] bool map(Range range, std::uint64_t place);
  void allow_access(Range range);
  void unmap(Range range);

 private:
  [[nodiscard]] bool on() const { return memory_ != NewMemory::none; }
  [[nodiscard]] bool grow_file(std::size_t bytes);

  NewMemory memory_;
  int file_ = -1;          // holds all physical memory; sparse
  std::uint64_t end_ = 0;  // of its places
};

}  // namespace memsweep::standin
