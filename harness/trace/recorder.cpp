#include "harness/trace/recorder.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace memsweep {

void Recorder::enter(const Place& place) {
  const auto [known, is_new] =
      known_places_.try_emplace(fmt::format("{}\n{}\n{}", place.function, place.file, place.line),
                                static_cast<PlaceId>(recording_.places.size()));
  if (is_new) recording_.places.push_back(place);
  place_ = known->second;
}

Recording Recorder::recording(const Allocator& allocator, std::string settings,
                              PytorchRelease release) const {
  Recording recording = recording_;
  recording.settings = std::move(settings);
  recording.release = release;
  recording.segments = allocator.snapshot();
  for (const auto& [address, block] : live_) recording.block_places[address] = block.place;
  return recording;
}

void Recorder::note(Action action, Address address, std::size_t size, Stream stream) {
  constexpr double kMicroseconds = 1e6;
  recording_.events.push_back({.address = address,
                               .size = size,
                               .stream = stream,
                               .time_us = std::llround(clock_() * kMicroseconds),
                               .place = place_,
                               .action = action});
}

void Recorder::note(Action action, Address address, const LiveBlock& block) {
  note(action, address, block.requested, block.stream);
}

Address RecordedSource::allocate(std::size_t bytes) noexcept {
  const Address address = upstream_.allocate(bytes);
  if (address != 0) {
    recorder_.owners_[address] = recorder_.requesting_;
    recorder_.note(Action::segment_alloc, address, bytes, recorder_.requesting_);
  }
  return address;
}

void RecordedSource::release(Address address, std::size_t bytes) noexcept {
  recorder_.note(Action::segment_free, address, bytes, owner_of(address));
  recorder_.owners_.erase(address);
  upstream_.release(address, bytes);
}

Address RecordedSource::reserve(std::size_t bytes) noexcept {
  const Address address = upstream_.pages()->reserve(bytes);
  if (address != 0) recorder_.owners_[address] = recorder_.requesting_;
  return address;
}

void RecordedSource::unreserve(Address address, std::size_t bytes) noexcept {
  recorder_.owners_.erase(address);
  upstream_.pages()->unreserve(address, bytes);
}

bool RecordedSource::map(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  const bool mapped = upstream_.pages()->map(address, page_bytes, count);
  if (mapped) recorder_.note(Action::segment_map, address, page_bytes * count, owner_of(address));
  return mapped;
}

void RecordedSource::unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  upstream_.pages()->unmap(address, page_bytes, count);
  recorder_.note(Action::segment_unmap, address, page_bytes * count, owner_of(address));
}

Stream RecordedSource::owner_of(Address address) const noexcept {
  const auto behind = recorder_.owners_.upper_bound(address);
  return behind == recorder_.owners_.begin() ? 0 : std::prev(behind)->second;
}

Address RecordedAllocator::allocate(std::size_t bytes, Stream stream) {
  recorder_.requesting_ = stream;
  try {
    const Address address = upstream_.allocate(bytes, stream);
    if (address == 0) return 0;
    recorder_.note(Action::alloc, address, bytes, stream);
    recorder_.live_[address] = {bytes, stream, recorder_.place_, 0};
    return address;
  } catch (const OutOfMemory& refused) {
    // PyTorch writes no event for a request that it refuses without a try.
    if (refused.cause == OutOfMemory::Cause::exhausted) {
      recorder_.note(Action::oom, refused.device_free, refused.rounded, stream);
    }
    throw;
  }
}

void RecordedAllocator::free(Address address) {
  recorder_.freeing_ = address;
  upstream_.free(address);
  const auto live = recorder_.live_.find(address);
  if (live == recorder_.live_.end()) return;
  recorder_.note(Action::free_requested, address, live->second);
  if (live->second.events > 0) return;
  recorder_.note(Action::free_completed, address, live->second);
  recorder_.live_.erase(live);
}

// Upstream may use one number for several events.
Streams::Event RecordedStreams::record(Stream stream) noexcept {
  upstream_events_[++last_event_] = upstream_.record(stream);
  recorder_.waiting_[last_event_] = recorder_.freeing_;
  ++recorder_.live_.at(recorder_.freeing_).events;
  return last_event_;
}

bool RecordedStreams::passed(Event event) noexcept {
  if (!upstream_.passed(upstream_events_.at(event))) return false;
  complete(event);
  return true;
}

void RecordedStreams::wait(Event event) noexcept {
  upstream_.wait(upstream_events_.at(event));
  complete(event);
}

void RecordedStreams::complete(Event event) noexcept {
  upstream_events_.erase(event);
  const auto waiting = recorder_.waiting_.find(event);
  const auto block = recorder_.live_.find(waiting->second);
  recorder_.waiting_.erase(waiting);
  if (--block->second.events > 0) return;
  recorder_.note(Action::free_completed, block->first, block->second);
  recorder_.live_.erase(block);
}

}  // namespace memsweep
