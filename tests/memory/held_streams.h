// Streams whose work goes on and on while they are held.
#pragma once

#include <set>

#include "harness/memory/streams.h"

namespace memsweep::testing {

class HeldStreams final : public Streams {
 public:
  /// From now on events stay pending; or none does, and those pending pass.
  void hold(bool on) {
    hold_ = on;
    if (!on) pending_.clear();
  }

  Event record(Stream) noexcept override {
    if (hold_) pending_.insert(last_event_ + 1);
    return ++last_event_;
  }
  bool passed(Event event) noexcept override { return !pending_.contains(event); }
  void wait(Event event) noexcept override { pending_.erase(event); }
  void synchronize(Stream) noexcept override {}

 private:
  bool hold_ = false;
  Event last_event_ = 0;
  std::set<Event> pending_;
};

}  // namespace memsweep::testing
