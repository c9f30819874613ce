// The stand-in device of tests/golden/allocator: a counting device that writes down what it is asked
// for, and streams whose events stay pending on demand.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/counting.h"
#include "harness/memory/streams.h"

namespace memsweep::testing {

class StandIn final : public SegmentSource, public PageSource, public Streams {
 public:
  StandIn(std::size_t total, std::size_t used_before) : device_(total, used_before) {}

  /// The calls since the last time, as the traces write them.
  std::vector<std::string> take_calls() { return std::exchange(calls_, {}); }

  /// From now on events stay pending; or none does, those pending pass.
  void hold(bool on) {
    hold_ = on;
    if (!on) pending_.clear();
  }
  [[nodiscard]] std::size_t pending(Stream stream) { return pending_[stream].size(); }
  void complete(Stream stream, std::size_t count) {
    std::vector<Event>& events = pending_[stream];
    const std::size_t passed = std::min(count, events.size());
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(passed));
  }

  Address allocate(std::size_t bytes) noexcept override {
    const Address address = device_.allocate(bytes);
    note("malloc", address, bytes, 1);
    return address;
  }
  void release(Address address, std::size_t bytes) noexcept override {
    note("free", address, bytes, 1);
    device_.release(address, bytes);
  }
  Info info() const noexcept override { return device_.info(); }
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override {
    const Address address = device_.reserve(bytes);
    note("reserve", address, bytes, 1);
    return address;
  }
  void unreserve(Address address, std::size_t bytes) noexcept override {
    note("unreserve", address, bytes, 1);
    device_.unreserve(address, bytes);
  }
  // A real device is asked for page after page; those before one that fails are given back.
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    const std::size_t room = (info().total - info().used) / page_bytes;
    const std::size_t created = std::min(count, room);
    if (created > 0) note("create", 0, created * page_bytes, created);
    if (!device_.map(address, page_bytes, count)) {
      note("create_fail", 0, page_bytes, 1);
      if (created > 0) note("release", 0, 0, created);
      return false;
    }
    note("map", address, count * page_bytes, count);
    note("access", address, count * page_bytes, 1);
    return true;
  }
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    note("unmap", address, count * page_bytes, count);
    device_.unmap(address, page_bytes, count);
  }

  Event record(Stream stream) noexcept override {
    if (hold_) pending_[stream].push_back(last_event_ + 1);
    return ++last_event_;
  }
  bool passed(Event event) noexcept override {
    return std::none_of(pending_.begin(), pending_.end(), [event](const auto& stream) {
      return std::find(stream.second.begin(), stream.second.end(), event) != stream.second.end();
    });
  }
  void wait(Event event) noexcept override {
    note("event_sync", 0, 0, 1);
    for (auto& [stream, events] : pending_) std::erase(events, event);
  }
  void synchronize(Stream stream) noexcept override { note("stream_sync", stream, 0, 1); }

 private:
  void note(std::string_view call, Address address, std::size_t bytes, std::size_t count) {
    calls_.push_back(fmt::format("d {} {:x} {} {}", call, address, bytes, count));
  }

  CountingSource device_;
  std::vector<std::string> calls_;
  bool hold_ = false;
  Event last_event_ = 0;
  std::map<Stream, std::vector<Event>> pending_;
};

}  // namespace memsweep::testing
