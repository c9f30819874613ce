// The device over which the allocator of an operation log ran: it counts, writes down what it is asked for,
// and has streams whose events stay pending on demand.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/sources/mirrored.h"
#include "harness/memory/streams.h"

namespace memsweep {

class RecordedDevice final : public SegmentSource, public PageSource, public Streams {
 public:
  /// As MirroredSource's.
  RecordedDevice(std::size_t total, std::size_t used_before, SegmentSource* real = nullptr)
      : device_(total, used_before, real) {}

  /// The calls since the last time, as the lines of an operation log.
  std::vector<std::string> take_calls();

  /// From now on events stay pending; or none does, and those pending pass.
  void hold(bool on);
  [[nodiscard]] std::size_t pending(Stream stream) const;
  /// The `count` oldest pending events of the stream pass.
  void complete(Stream stream, std::size_t count);

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;
  Info info() const noexcept override { return device_.info(); }
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address address, std::size_t bytes) noexcept override;
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

  Event record(Stream stream) noexcept override;
  bool passed(Event event) noexcept override { return !pending_.contains(event); }
  void wait(Event event) noexcept override;
  void synchronize(Stream stream) noexcept override;

 private:
  void note(std::string_view call, Address address, std::size_t bytes, std::size_t count);

  MirroredSource device_;
  std::vector<std::string> calls_;
  bool hold_ = false;
  Event last_event_ = 0;
  std::map<Event, Stream> pending_;  // the oldest first
};

}  // namespace memsweep
