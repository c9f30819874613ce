// A recording against itself: the simulated allocator is asked for what the program asked for, the device
// answers as it did, and every address, segment and out-of-memory has to come out as recorded.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/memory/caching_allocator.h"
#include "harness/memory/rules.h"
#include "harness/memory/statistics.h"
#include "harness/trace/recording.h"

namespace memsweep {

struct Difference {
  std::size_t event = 0;  // index; the number of events where the final layout differs
  std::string recorded;
  std::string replayed;
  std::string context;  // the events around it, one a line
};

struct ReenactOptions {
  PytorchRelease release = PytorchRelease::v2_15;
  std::string settings;  // of the process that was recorded
  std::optional<std::size_t>
      capacity;  // what it could reserve; else what the recording shows (recorded_trace.h)
  /// Called between events, with the allocator as it stands.
  std::function<void(const CachingAllocator&)> observer;
};

struct Reenactment {
  std::size_t events = 0;         // that agree
  std::size_t blocks_before = 0;  // live before the first event, rebuilt from the layout after the last
  std::optional<Difference> difference;  // the first
  /// The events at which the program called empty_cache() to some effect: memory goes back to the device
  /// although the next request could have been served without. As far as the replay came.
  std::vector<std::size_t> flushes;
  Statistics statistics;  // from the first event on
};

/// Throws UsageError for a recording without a layout, or one that cannot have happened.
[[nodiscard]] Reenactment reenact(const Recording& recording, const ReenactOptions& options);

}  // namespace memsweep
