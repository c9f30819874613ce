#include "harness/trace/recorded_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "harness/base/errors.h"
#include "harness/trace/overlap.h"
#include "harness/trace/rewind.h"

namespace memsweep {
namespace {

bool gives(Action action) { return action == Action::segment_alloc || action == Action::segment_map; }
bool takes(Action action) { return action == Action::segment_free || action == Action::segment_unmap; }

/// Reserved bytes before each event of a recording with a layout, and after the last.
std::vector<std::size_t> reserved_before(const Recording& recording) {
  std::vector<std::size_t> reserved(recording.events.size() + 1);
  for (const SegmentSnapshot& segment : *recording.segments) reserved.back() += segment.size;
  for (std::size_t i = recording.events.size(); i-- > 0;) {
    const Event& event = recording.events[i];
    reserved[i] = reserved[i + 1];
    if (gives(event.action)) reserved[i] -= std::min(reserved[i], event.size);
    if (takes(event.action)) reserved[i] += event.size;
  }
  return reserved;
}

class TraceBuilder {
 public:
  explicit TraceBuilder(const std::vector<Place>& places) { trace_.places = places; }

  void begin_with(const std::vector<SegmentSnapshot>& layout) {
    for (const SegmentSnapshot& segment : layout) {
      for (const BlockSnapshot& block : segment.blocks) {
        if (block.state == BlockState::free) continue;
        allocate(block.address, block.requested, segment.stream, 0, 0);
        if (block.state == BlockState::pending) free_later(block.address, 0);
      }
    }
  }

  void add(const Event& event, std::size_t number, bool waits) {
    switch (event.action) {
      case Action::alloc: allocate(event.address, event.size, event.stream, number, event.place); break;
      case Action::free_requested:
        waits ? free_later(event.address, number) : free(event.address, number);
        break;
      case Action::oom:
        add({.bytes = event.size,
             .block = static_cast<TraceBlock>(trace_.blocks++),
             .place = event.place,
             .stream = stream(event.stream),
             .kind = Operation::Kind::attempt},
            number);
        break;
      default: break;  // the allocator's own doing
    }
  }

  void complete(Address address, std::size_t number) {
    const auto holder = holders_.find(address);
    if (holder == holders_.end() || !holder->second.waits) {
      refuse(number, "ends a free of {:#x} that nobody asked for", address);
    }
    add({.block = holder->second.block, .kind = Operation::Kind::give_back}, number);
    holders_.erase(holder);
  }

  void empty_cache(std::size_t number) { add({.kind = Operation::Kind::empty_cache}, number); }

  [[nodiscard]] Trace take() && { return std::move(trace_); }

 private:
  /// Of memory that is in use.
  struct Holder {
    std::size_t bytes = 0;  // that were asked for
    TraceBlock block = 0;
    bool waits = false;  // it is freed, but other streams use it
  };
  using Holders = std::map<Address, Holder>;

  template <typename... Values>
  [[noreturn]] static void refuse(std::size_t number, fmt::format_string<Values...> sentence,
                                  Values&&... values) {
    throw UsageError(
        fmt::format("event {} {}", number, fmt::format(sentence, std::forward<Values>(values)...)));
  }

  void require_unused(Address address, std::size_t bytes, std::size_t number) const {
    const auto* used = overlapping(holders_, address, bytes, [](const Holder& h) { return h.bytes; });
    if (used == nullptr) return;
    refuse(number, "hands out {} bytes at {:#x}, where {} at {:#x} are in use", bytes, address,
           used->second.bytes, used->first);
  }

  Holders::iterator live_at(Address address, std::size_t number) {
    const auto holder = holders_.find(address);
    if (holder == holders_.end()) refuse(number, "frees {:#x}, which is not allocated", address);
    if (holder->second.waits) refuse(number, "frees {:#x}, which was freed before", address);
    return holder;
  }

  void add(Operation operation, std::size_t number) {
    operation.event = static_cast<std::uint32_t>(number);
    trace_.operations.push_back(operation);
  }

  void allocate(Address address, std::size_t bytes, Stream user, std::size_t number, PlaceId place) {
    require_unused(address, bytes, number);
    const auto block = static_cast<TraceBlock>(trace_.blocks++);
    holders_[address] = {bytes, block};
    add({.bytes = bytes, .block = block, .place = place, .stream = stream(user)}, number);
  }

  void free(Address address, std::size_t number) {
    const auto holder = live_at(address, number);
    add({.block = holder->second.block, .kind = Operation::Kind::free}, number);
    holders_.erase(holder);
  }

  void free_later(Address address, std::size_t number) {
    Holder& holder = live_at(address, number)->second;
    holder.waits = true;
    add({.block = holder.block, .kind = Operation::Kind::lend}, number);
    add({.block = holder.block, .kind = Operation::Kind::free}, number);
  }

  std::uint16_t stream(Stream handle) {
    const auto found = std::find(trace_.streams.begin(), trace_.streams.end(), handle);
    if (found == trace_.streams.end()) {
      if (trace_.streams.size() > std::numeric_limits<std::uint16_t>::max()) {
        throw UsageError("the recording has more than 65536 streams");
      }
      trace_.streams.push_back(handle);
      return static_cast<std::uint16_t>(trace_.streams.size() - 1);
    }
    return static_cast<std::uint16_t>(found - trace_.streams.begin());
  }

  Trace trace_;
  Holders holders_;
};

}  // namespace

std::optional<std::size_t> capacity_of(const Recording& recording) {
  if (!recording.segments) return std::nullopt;
  std::optional<std::size_t> capacity;
  const std::vector<std::size_t> reserved = reserved_before(recording);
  for (std::size_t i = 0; i < recording.events.size(); ++i) {
    const Event& event = recording.events[i];
    if (event.action == Action::oom) capacity = std::max(capacity.value_or(0), reserved[i] + event.address);
  }
  return capacity;
}

bool is_late_completion(const std::vector<Event>& events, std::size_t index) {
  return events[index].action == Action::free_completed &&
         (index == 0 || !completes_at_once(events, index - 1));
}

bool completes_at_once(const std::vector<Event>& events, std::size_t index) {
  return events[index].action == Action::free_requested && index + 1 < events.size() &&
         events[index + 1].action == Action::free_completed &&
         events[index + 1].address == events[index].address;
}

std::optional<Release> release_at(const std::vector<Event>& events, std::size_t index) {
  Release release{.end = index, .request = {}};
  bool given_back = false;
  for (; release.end < events.size(); ++release.end) {
    const bool takes_back = takes(events[release.end].action);
    if (!takes_back && !is_late_completion(events, release.end)) break;
    given_back = given_back || takes_back;
  }
  if (!given_back) return std::nullopt;
  std::size_t next = release.end;
  for (; next < events.size() && gives(events[next].action); ++next) release.given += events[next].size;
  if (next < events.size() && (events[next].action == Action::alloc || events[next].action == Action::oom)) {
    release.request = next;
  }
  return release;
}

Trace trace_of(const Recording& recording, const AllocatorSettings& settings,
               const std::vector<std::size_t>& flushes) {
  const std::vector<Event>& events = recording.events;
  if (events.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw UsageError("the recording has more than 2^32 events");
  }
  auto flush = flushes.begin();
  TraceBuilder builder(recording.places);
  builder.begin_with(layout_before(recording, settings));
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (flush != flushes.end() && *flush == i) {
      builder.empty_cache(i);
      ++flush;
    }
    if (is_late_completion(events, i)) {
      builder.complete(events[i].address, i);
    } else {
      builder.add(events[i], i, !completes_at_once(events, i));
    }
  }
  return std::move(builder).take();
}

}  // namespace memsweep
