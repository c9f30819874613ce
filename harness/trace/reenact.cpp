#include "harness/trace/reenact.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "harness/base/errors.h"
#include "harness/memory/size_rules.h"
#include "harness/trace/beginning.h"
#include "harness/trace/device_answers.h"
#include "harness/trace/recorded_trace.h"
#include "harness/trace/run_trace.h"

namespace memsweep {
namespace {

std::string describe(const Event& event) {
  if (event.action == Action::oom) {
    return fmt::format("oom for {} bytes on stream {:#x}, {} free on the device", event.size, event.stream,
                       event.address);
  }
  return fmt::format("{} {:#x}, {} bytes, stream {:#x}", name_of(event.action), event.address, event.size,
                     event.stream);
}

std::string describe(const BlockSnapshot& block) {
  constexpr const char* kStates[] = {"unmapped", "inactive", "active", "pending"};
  return fmt::format("{} block {:#x} of {} bytes, {} requested", kStates[static_cast<int>(block.state)],
                     block.address, block.size, block.requested);
}

std::string describe(const SegmentSnapshot& s) {
  return fmt::format("{}{} segment {:#x} of {} bytes, stream {:#x}, {} blocks",
                     s.expandable ? "expandable " : "", s.pool == PoolKind::small ? "small" : "large",
                     s.address, s.size, s.stream, s.blocks.size());
}

class Reenactor {
 public:
  /// Two addresses of which the recording shows that the segment of one is older than that of the other, if
  /// free blocks of one size begin there.
  struct Order {
    Address older = 0;
    Address younger = 0;
  };

  Reenactor(const Recording& recording, const ReenactOptions& options, const Beginning& beginning)
      : recording_(recording),
        events_(recording.events),
        options_(options),
        beginning_(beginning),
        device_(events_, beginning.device_total()),
        allocator_(device_, beginning.settings(), options.release, streams_) {}

  Reenactment run() {
    begin();
    while (device_.cursor() < events_.size() && !result_.difference) {
      step();
      if (options_.observer) options_.observer(allocator_);
    }
    if (!result_.difference) compare_layouts();
    result_.events = result_.difference ? result_.difference->event : events_.size();
    result_.statistics = allocator_.statistics();
    return result_;
  }

  /// What the difference may come from, if it came to one.
  [[nodiscard]] const std::optional<Order>& order() const { return order_; }

 private:
  void begin() {
    for (const SegmentSnapshot& segment : beginning_.segments()) {
      for (const BlockSnapshot& block : segment.blocks) {
        if (block.state == BlockState::live || block.state == BlockState::pending) ++result_.blocks_before;
        if (block.state == BlockState::pending) lend(block.address);
      }
    }
    if (beginning_.segments().empty()) return;
    leftovers_are_known_ = false;
    allocator_.restore(beginning_.segments());
    for (const auto& [address, block] : waiting_) {
      allocator_.record_stream(address, TraceStreams::borrower(block));
      allocator_.free(address);
    }
  }

  void step() {
    const std::size_t at = device_.cursor();
    if (is_flush(at)) return flush();
    if (events_[at].action == Action::free_requested) return release(at);
    if (is_late_completion(events_, at)) return complete(at);
    serve();
  }

  /// Whether the program itself gives its cache back: no request follows, or one that needed nothing of it.
  /// Where the capacity is not known, a request that needs no more than was reserved before is one.
  [[nodiscard]] bool is_flush(std::size_t at) {
    const auto release = release_at(events_, at);
    if (!release) return false;
    if (!release->request) return true;
    const Event& request = events_[*release->request];
    if (allocator_.has_cached(request.size, request.stream)) return true;
    if (request.action == Action::oom) return false;
    const auto& reserved = allocator_.statistics().reserved_bytes.all;
    const std::size_t room = beginning_.capacity().value_or(static_cast<std::size_t>(reserved.peak));
    return static_cast<std::size_t>(reserved.current) + std::max(release->given, device_bytes(request)) <=
           room;
  }

  /// What a request that finds nothing cached asks of the device.
  [[nodiscard]] std::size_t device_bytes(const Event& request) const {
    const AllocatorSettings& settings = allocator_.settings();
    const std::size_t rounded = round_size(request.size, settings.roundup_divisions);
    const std::size_t segment = segment_size(rounded, settings.large_segment_size);
    if (!settings.expandable_segments || rounded <= kSmallMax) return segment;
    const std::size_t page = settings.large_segment_size;
    return (rounded + page - 1) / page * page;
  }

  void flush() {
    const std::size_t begin = device_.cursor();
    result_.flushes.push_back(begin);
    allocator_.empty_cache();
    device_.pass_completions();
    give_back(begin, device_.cursor());
    note_surprise();
  }

  void release(std::size_t at) {
    const Address address = events_[at].address;
    const bool at_once = completes_at_once(events_, at);
    try {
      if (!at_once) {
        lend(address);
        allocator_.record_stream(address, TraceStreams::borrower(waiting_.at(address)));
      }
      allocator_.free(address);
    } catch (const std::logic_error& error) {
      return differ(at, error.what());
    }
    device_.move_to(at + (at_once ? 2 : 1));
  }

  /// Streams that the next request finds to have passed; those that a request or a flush waits for are left
  /// to it.
  void complete(std::size_t at) {
    device_.pass_completions();
    const std::size_t end = device_.cursor();
    const bool waited_for = end < events_.size() && (events_[end].action == Action::oom ||
                                                     events_[end].action == Action::segment_free ||
                                                     events_[end].action == Action::segment_unmap);
    if (!waited_for) return give_back(at, end);
    device_.move_to(at);
    serve();
  }

  /// The request to which the next events belong.
  void serve() {
    const std::size_t begin = device_.cursor();
    std::size_t request = begin;
    while (request < events_.size() && events_[request].action != Action::alloc &&
           events_[request].action != Action::oom && events_[request].action != Action::free_requested) {
      ++request;
    }
    if (request == events_.size() || events_[request].action == Action::free_requested) {
      return differ(begin, "no request that would need it");
    }
    const Event& event = events_[request];
    std::optional<Address> address;
    try {
      address = allocator_.allocate(event.size, event.stream);
    } catch (const OutOfMemory&) {
    }
    note_surprise();
    if (result_.difference) return;
    device_.pass_completions();
    if (device_.cursor() != request) return differ(device_.cursor(), "the request was served without it");
    if (event.action == Action::alloc && !address) return differ(request, "out of memory");
    if (event.action == Action::oom && address)
      return differ(request, fmt::format("handed out {:#x}", *address));
    if (address && *address != event.address) {
      order_ = Order{event.address, *address};
      return differ(request, fmt::format("handed out {:#x}", *address));
    }
    give_back(begin, request);
    device_.move_to(request + 1);
  }

  void lend(Address address) {
    leftovers_are_known_ = false;
    const auto block = static_cast<TraceBlock>(lent_++);
    waiting_[address] = block;
    streams_.lend(block);
  }

  /// The streams pass that the late completions from `begin` to `end` tell of.
  void give_back(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_late_completion(events_, i)) continue;
      const auto block = waiting_.find(events_[i].address);
      if (block == waiting_.end()) return differ(i, "no block waits there for a stream");
      streams_.give_back(block->second);
      waiting_.erase(block);
    }
  }

  void note_surprise() {
    if (!device_.surprise()) return;
    const DeviceAnswers::Surprise& surprise = *device_.surprise();
    if (surprise.event < events_.size())
      order_ = Order{events_[surprise.event].address, surprise.call.address};
    differ(surprise.event, describe(surprise.call));
  }

  void differ(std::size_t event, std::string replayed) {
    if (result_.difference) return;
    result_.difference =
        Difference{event, event < events_.size() ? describe(events_[event]) : "the end of the recording",
                   std::move(replayed), around(event)};
  }

  void differ_at_end(std::string recorded, std::string replayed) {
    result_.difference =
        Difference{events_.size(), std::move(recorded), std::move(replayed), around(events_.size())};
  }

  [[nodiscard]] std::string around(std::size_t event) const {
    constexpr std::size_t kBefore = 4, kAfter = 3;
    std::string text;
    for (std::size_t i = event - std::min(event, kBefore); i < std::min(events_.size(), event + kAfter);
         ++i) {
      text += fmt::format("{} {:>8}  {}\n", i == event ? '>' : ' ', i, describe(events_[i]));
    }
    return text;
  }

  void compare_layouts() {
    const std::vector<SegmentSnapshot> replayed = allocator_.snapshot();
    const std::vector<SegmentSnapshot>& recorded = *recording_.segments;
    for (std::size_t i = 0; i < std::max(recorded.size(), replayed.size()); ++i) {
      if (i >= recorded.size()) return differ_at_end("no such segment", describe(replayed[i]));
      if (i >= replayed.size()) return differ_at_end(describe(recorded[i]), "no such segment");
      if (describe(recorded[i]) != describe(replayed[i])) {
        return differ_at_end(describe(recorded[i]), describe(replayed[i]));
      }
      for (std::size_t j = 0; j < recorded[i].blocks.size(); ++j) {
        const BlockSnapshot& there = recorded[i].blocks[j];
        BlockSnapshot here = replayed[i].blocks[j];
        if (here.state == BlockState::free && !leftovers_are_known_) here.requested = there.requested;
        if (describe(there) != describe(here)) return differ_at_end(describe(there), describe(here));
      }
    }
  }

  const Recording& recording_;
  const std::vector<Event>& events_;
  const ReenactOptions& options_;
  const Beginning& beginning_;
  DeviceAnswers device_;
  TraceStreams streams_;
  CachingAllocator allocator_;
  std::unordered_map<Address, TraceBlock> waiting_;  // freed, but other streams use them
  std::size_t lent_ = 0;
  /// What the last user of a free block had asked for. It is lost with the beginning of the history, and
  /// depends on the order in which streams passed that one request found to have passed.
  bool leftovers_are_known_ = true;
  std::optional<Order> order_;
  Reenactment result_;
};

}  // namespace

Reenactment reenact(const Recording& recording, const ReenactOptions& options) {
  if (!recording.segments) throw UsageError("the recording has no layout to be checked against");
  Beginning beginning(recording, parse_settings(options.settings, options.release), options.capacity);
  Reenactor first(recording, options, beginning);
  Reenactment best = first.run();
  // The age of the segments that were there before decides between equal blocks, and the recording's own
  // choices tell it. Each must bring the replay further.
  for (auto order = first.order();
       best.difference && order && beginning.order(order->older, order->younger);) {
    Reenactor next(recording, options, beginning);
    Reenactment result = next.run();
    if (result.events <= best.events) break;
    best = std::move(result);
    order = next.order();
  }
  return best;
}

}  // namespace memsweep
