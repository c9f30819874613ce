// The device of a recording: it gives what it gave, where it gave it, and refuses what it refused.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/trace/recording.h"

namespace memsweep {

class DeviceAnswers final : public SegmentSource, public PageSource {
 public:
  /// A call that the recording does not show where it was made.
  struct Surprise {
    std::size_t event = 0;  // that comes next in the recording
    Event call;
  };

  /// `total`: capacity of the device, bytes; it sizes the reservations of expandable segments.
  DeviceAnswers(const std::vector<Event>& events, std::size_t total) : events_(events), total_(total) {}

  /// The event that comes next, late completions included.
  [[nodiscard]] std::size_t cursor() const noexcept { return cursor_; }
  void move_to(std::size_t event) noexcept { cursor_ = event; }
  /// Moves behind late completions.
  void pass_completions() noexcept;

  /// The first since the beginning.
  [[nodiscard]] const std::optional<Surprise>& surprise() const noexcept { return surprise_; }

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;
  Info info() const noexcept override;
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address, std::size_t) noexcept override {}
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

 private:
  /// The next event if it is one of the device's or a shortage; else null.
  [[nodiscard]] const Event* next() noexcept;
  /// Whether what comes next shows that the device had nothing to give.
  [[nodiscard]] bool refused_next() noexcept;
  void expect(const Event& call) noexcept;
  void note_surprise(const Event& call) noexcept;

  const std::vector<Event>& events_;
  std::size_t total_;
  std::size_t cursor_ = 0;
  Address unmapped_ranges_ = Address{1} << 62;  // for ranges that never get a page
  std::optional<Surprise> surprise_;
};

}  // namespace memsweep
