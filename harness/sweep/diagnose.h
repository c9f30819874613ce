// Why a request was refused: which shortage it is, with the numbers that show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/memory/errors.h"

namespace memsweep {

enum class Verdict : std::uint8_t {
  fits,           // nothing was refused
  flushing,       // it runs, but only because cached memory was given back to the device again and again
  capacity,       // live bytes and the request exceed the device even with a perfect allocator
  fragmentation,  // enough is free, but nowhere in one piece
  foreign,        // other users of the device hold what is missing
  limit,          // a configured limit refused, not the device
  cache,          // what is missing lies unused in the cache of another user of the device
};

[[nodiscard]] std::string_view name_of(Verdict verdict);
/// Throws std::invalid_argument for a name that name_of() never gives.
[[nodiscard]] Verdict verdict_of(std::string_view name);

/// What stood when a request was refused, all in bytes.
struct Shortage {
  std::size_t requested = 0;  // rounded as the allocator rounds
  std::size_t segment = 0;    // what the device was to be asked for
  std::size_t allocated = 0;  // live blocks
  std::size_t reserved = 0;   // segments
  std::size_t device_total = 0;
  std::size_t device_used = 0;       // by all, the segments included
  std::size_t device_before = 0;     // by all, before the trial began
  std::size_t limit = 0;             // 0: none
  std::size_t cached_by_others = 0;  // of what others use: segments' bytes without a user
};

[[nodiscard]] Verdict diagnose(const Shortage& shortage);

/// On what an allocator refused. `used_before`, of the device before it took anything; bytes.
[[nodiscard]] Verdict diagnose(const OutOfMemory& refused, std::size_t used_before,
                               std::size_t cached_by_others = 0);

}  // namespace memsweep
