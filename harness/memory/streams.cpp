#include "harness/memory/streams.h"

namespace memsweep {
namespace {

class IdleStreams final : public Streams {
 public:
  Event record(Stream) noexcept override { return 0; }
  bool passed(Event) noexcept override { return true; }
  void wait(Event) noexcept override {}
  void synchronize(Stream) noexcept override {}
};

}  // namespace

Streams& idle_streams() noexcept {
  static IdleStreams streams;
  return streams;
}

}  // namespace memsweep
