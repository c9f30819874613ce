#include "harness/trace/device_answers.h"

#include <algorithm>
#include <utility>

#include "harness/trace/recorded_trace.h"

namespace memsweep {

void DeviceAnswers::pass_completions() noexcept {
  while (cursor_ < events_.size() && is_late_completion(events_, cursor_)) ++cursor_;
}

const Event* DeviceAnswers::next() noexcept {
  pass_completions();
  return cursor_ < events_.size() ? &events_[cursor_] : nullptr;
}

bool DeviceAnswers::refused_next() noexcept {
  const Event* event = next();
  if (event == nullptr) return false;
  return event->action == Action::oom || event->action == Action::segment_free ||
         event->action == Action::segment_unmap;
}

void DeviceAnswers::note_surprise(const Event& call) noexcept {
  if (!surprise_) surprise_ = Surprise{cursor_, call};
}

void DeviceAnswers::expect(const Event& call) noexcept {
  const Event* event = next();
  if (event != nullptr && event->action == call.action && event->address == call.address &&
      event->size == call.size) {
    ++cursor_;
  } else {
    note_surprise(call);
  }
}

Address DeviceAnswers::allocate(std::size_t bytes) noexcept {
  if (refused_next()) return 0;
  const Event* event = next();
  if (event != nullptr && event->action == Action::segment_alloc && event->size == bytes) {
    ++cursor_;
    return event->address;
  }
  note_surprise({.size = bytes, .action = Action::segment_alloc});
  return 0;
}

void DeviceAnswers::release(Address address, std::size_t bytes) noexcept {
  expect({.address = address, .size = bytes, .action = Action::segment_free});
}

SegmentSource::Info DeviceAnswers::info() const noexcept {
  const bool at_shortage = cursor_ < events_.size() && events_[cursor_].action == Action::oom;
  return {total_, at_shortage ? total_ - std::min(total_, std::size_t{events_[cursor_].address}) : 0};
}

// A new range gets its first page at its beginning, and at once.
Address DeviceAnswers::reserve(std::size_t bytes) noexcept {
  const Event* event = next();
  if (event != nullptr && event->action == Action::segment_map) return event->address;
  if (!refused_next()) note_surprise({.size = bytes, .action = Action::segment_map});
  return std::exchange(unmapped_ranges_, unmapped_ranges_ + bytes);
}

bool DeviceAnswers::map(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  if (refused_next()) return false;
  expect({.address = address, .size = page_bytes * count, .action = Action::segment_map});
  return !surprise_;
}

void DeviceAnswers::unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  expect({.address = address, .size = page_bytes * count, .action = Action::segment_unmap});
}

}  // namespace memsweep
