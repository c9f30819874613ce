// Streams whose work goes on for a while. They take no host memory.
#pragma once

#include <cstddef>

#include "harness/memory/streams.h"

namespace memsweep::testing {

/// An event passes when 20 later ones have been recorded.
class LaggingStreams final : public Streams {
 public:
  [[nodiscard]] std::size_t recorded() const { return last_event_; }

  Event record(Stream) noexcept override { return ++last_event_; }
  bool passed(Event event) noexcept override { return event + 20 <= last_event_; }
  void wait(Event) noexcept override {}
  void synchronize(Stream) noexcept override {}

 private:
  Event last_event_ = 0;
};

}  // namespace memsweep::testing
