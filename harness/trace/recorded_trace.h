// What the program of a recording asked for. A recording tells what its allocator did; which of that was the
// program's own wish, and which the allocator's answer to a shortage, has to be told apart.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/memory/settings.h"
#include "harness/trace/recording.h"
#include "harness/trace/trace.h"

namespace memsweep {

/// What the process could have reserved, as its out-of-memory events show: reserved and free bytes together.
/// None where there is no such event, or no layout that tells what was reserved.
[[nodiscard]] std::optional<std::size_t> capacity_of(const Recording& recording);

/// Whether events[index] ends a free that waited for other streams, not one right behind its request.
[[nodiscard]] bool is_late_completion(const std::vector<Event>& events, std::size_t index);

/// Whether the free that events[index] asks for is done right behind it: no other stream uses the block.
[[nodiscard]] bool completes_at_once(const std::vector<Event>& events, std::size_t index);

/// A run of events in which memory goes back to the device, and the request that follows it, if one does.
struct Release {
  std::size_t end = 0;                 // behind its last event
  std::size_t given = 0;               // bytes that the device gives to the request afterwards
  std::optional<std::size_t> request;  // the event with which it ends: alloc or oom
};

/// The run that begins at events[index], late completions included; none if nothing goes back there.
[[nodiscard]] std::optional<Release> release_at(const std::vector<Event>& events, std::size_t index);

/// The program. Blocks that were there before the first event are asked for first, by address; a request that
/// was refused becomes an attempt. `flushes` are the events at which the program called empty_cache(), in
/// order. Throws UsageError naming the event if the recording frees what is not live, or hands out what is.
[[nodiscard]] Trace trace_of(const Recording& recording, const AllocatorSettings& settings,
                             const std::vector<std::size_t>& flushes);

}  // namespace memsweep
