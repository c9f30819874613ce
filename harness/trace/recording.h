// What an allocator did on one device, as somebody wrote it down: its events in order, and the layout that
// they left. torch.cuda.memory._dump_snapshot writes both, RMM's log the events only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/memory/rules.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/streams.h"

namespace memsweep {

/// PyTorch's names. `size` of the event is, in bytes:
enum class Action : std::uint8_t {
  alloc,           // what the user asked for; after a segment_alloc or segment_map that it needed
  free_requested,  // the same; directly followed by free_completed unless other streams use the block
  free_completed,  // the same
  segment_alloc,   // of the segment; after the device has given it
  segment_free,    // of the segment; before the device takes it back
  segment_map,     // of the run of pages
  segment_unmap,   // of the run of pages
  oom,             // of the block that was asked for, rounded; the address is the device's free bytes
};

[[nodiscard]] std::string_view name_of(Action action);
/// None for an action that a replay has no use for, such as `snapshot`.
[[nodiscard]] std::optional<Action> action_of(std::string_view name);

/// A place in somebody's code.
struct Place {
  std::string function;
  std::string file;
  std::int64_t line = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

using PlaceId = std::uint32_t;  // 0: not known

struct Event {
  Address address = 0;
  std::size_t size = 0;
  Stream stream = 0;
  std::int64_t time_us = 0;
  PlaceId place = 0;
  Action action = Action::alloc;
  friend bool operator==(const Event&, const Event&) = default;
};

struct Recording {
  std::string source;                              // "PyTorch snapshot", "RMM log"
  std::string settings;                            // as PYTORCH_CUDA_ALLOC_CONF
  PytorchRelease release = PytorchRelease::v2_15;  // the newest whose files look like this one
  std::vector<Place> places{Place{}};              // by PlaceId
  std::vector<Event> events;
  /// The layout after the last event, by address. None where only events were written down.
  std::optional<std::vector<SegmentSnapshot>> segments;
  std::unordered_map<Address, PlaceId> block_places;  // who asked for the live blocks of `segments`
  std::size_t left_out = 0;  // events and segments of other devices and of private pools
  friend bool operator==(const Recording&, const Recording&) = default;
};

}  // namespace memsweep
