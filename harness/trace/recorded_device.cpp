#include "harness/trace/recorded_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memsweep {

std::vector<std::string> RecordedDevice::take_calls() { return std::exchange(calls_, {}); }

void RecordedDevice::hold(bool on) {
  hold_ = on;
  if (!on) pending_.clear();
}

std::size_t RecordedDevice::pending(Stream stream) const {
  return static_cast<std::size_t>(std::count_if(
      pending_.begin(), pending_.end(), [stream](const auto& event) { return event.second == stream; }));
}

void RecordedDevice::complete(Stream stream, std::size_t count) {
  for (auto event = pending_.begin(); event != pending_.end() && count > 0;) {
    if (event->second == stream) {
      event = pending_.erase(event);
      --count;
    } else {
      ++event;
    }
  }
}

Address RecordedDevice::allocate(std::size_t bytes) noexcept {
  const Address address = device_.allocate(bytes);
  note("malloc", address, bytes, 1);
  return address;
}

void RecordedDevice::release(Address address, std::size_t bytes) noexcept {
  note("free", address, bytes, 1);
  device_.release(address, bytes);
}

Address RecordedDevice::reserve(std::size_t bytes) noexcept {
  const Address address = device_.reserve(bytes);
  note("reserve", address, bytes, 1);
  return address;
}

void RecordedDevice::unreserve(Address address, std::size_t bytes) noexcept {
  note("unreserve", address, bytes, 1);
  device_.unreserve(address, bytes);
}

// A real device is asked for page after page; those before one that fails are given back.
bool RecordedDevice::map(Address address, std::size_t page_bytes, std::size_t count) noexcept {
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

void RecordedDevice::unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  note("unmap", address, count * page_bytes, count);
  device_.unmap(address, page_bytes, count);
}

Streams::Event RecordedDevice::record(Stream stream) noexcept {
  if (hold_) pending_.emplace(last_event_ + 1, stream);
  return ++last_event_;
}

void RecordedDevice::wait(Event event) noexcept {
  note("event_sync", 0, 0, 1);
  pending_.erase(event);
}

void RecordedDevice::synchronize(Stream stream) noexcept { note("stream_sync", stream, 0, 1); }

void RecordedDevice::note(std::string_view call, Address address, std::size_t bytes, std::size_t count) {
  calls_.push_back(fmt::format("d {} {:x} {} {}", call, address, bytes, count));
}

}  // namespace memsweep
