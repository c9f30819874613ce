// Recordings of a few events.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "harness/trace/recording.h"

namespace memsweep::testing {

inline constexpr std::size_t kMiB = std::size_t{1} << 20;
inline constexpr Address kSegment = 0x7f0000000000;

inline Event event(Action action, Address address, std::size_t size) {
  return {.address = address, .size = size, .action = action};
}
inline Event alloc(Address address, std::size_t size) { return event(Action::alloc, address, size); }
inline Event free_requested(Address address, std::size_t size) {
  return event(Action::free_requested, address, size);
}
inline Event free_completed(Address address, std::size_t size) {
  return event(Action::free_completed, address, size);
}

/// What an allocator did of which only the events are known.
inline Recording history(std::vector<Event> events) {
  Recording recording;
  recording.events = std::move(events);
  return recording;
}

/// The sentence with which `act` refuses; empty if it does not.
template <typename Act>
std::string refusal(Act act) {
  try {
    act();
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace memsweep::testing
