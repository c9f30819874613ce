// What an allocator asks of a device's streams. A block that other streams read may be reused only
// when they have passed an event recorded at its free.
#pragma once

#include <cstdint>

namespace memsweep {

using Stream = std::uint64_t;  // the stream's handle; 0: the default stream

class Streams {
 public:
  using Event = std::uint64_t;

  virtual ~Streams() = default;

  /// A mark behind all work that `stream` was given so far.
  [[nodiscard]] virtual Event record(Stream stream) noexcept = 0;

  /// Whether the stream has passed the event. One that was passed is not asked about again.
  [[nodiscard]] virtual bool passed(Event event) noexcept = 0;

  /// Blocks until the stream has passed the event.
  virtual void wait(Event event) noexcept = 0;

  /// Blocks until `stream` has done all its work.
  virtual void synchronize(Stream stream) noexcept = 0;
};

/// Streams whose work is done as soon as it is given.
Streams& idle_streams() noexcept;

}  // namespace memsweep
