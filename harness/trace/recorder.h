// Writes down what an allocator does, as torch.cuda.memory._record_memory_history() does.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "harness/memory/allocator.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/streams.h"
#include "harness/trace/recording.h"

namespace memsweep {

class Recorder {
 public:
  /// `clock` tells the seconds.
  explicit Recorder(std::function<double()> clock) : clock_(std::move(clock)) {}

  /// Where the next requests come from.
  void enter(const Place& place);

  /// How many were noted so far.
  [[nodiscard]] std::size_t events() const { return recording_.events.size(); }
  /// All that was noted so far, and the layout that `allocator` has now.
  [[nodiscard]] Recording recording(const Allocator& allocator, std::string settings,
                                    PytorchRelease release) const;

 private:
  friend class RecordedAllocator;
  friend class RecordedSource;
  friend class RecordedStreams;
  struct LiveBlock {
    std::size_t requested = 0;
    Stream stream = 0;
    PlaceId place = 0;
    int events = 0;  // that the freed block waits for
  };

  void note(Action action, Address address, std::size_t size, Stream stream);
  void note(Action action, Address address, const LiveBlock& block);

  std::function<double()> clock_;
  Recording recording_;
  std::map<std::string, PlaceId> known_places_;
  PlaceId place_ = 0;
  Stream requesting_ = 0;                        // the stream whose request is being served
  std::map<Address, Stream> owners_;             // of segments and of ranges, by their beginning
  std::unordered_map<Address, LiveBlock> live_;  // and those that wait for other streams
  Address freeing_ = 0;                          // the block that is being freed
  std::unordered_map<Streams::Event, Address> waiting_;
};

/// Stands between an allocator and its memory.
class RecordedSource final : public SegmentSource, public PageSource {
 public:
  /// Both must outlive this.
  RecordedSource(SegmentSource& upstream, Recorder& recorder) : upstream_(upstream), recorder_(recorder) {}

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;
  Info info() const noexcept override { return upstream_.info(); }
  PageSource* pages() noexcept override { return upstream_.pages() != nullptr ? this : nullptr; }
  /// What a pool takes from its device is seen by nobody.
  StreamOrderedPool* pool() noexcept override { return upstream_.pool(); }

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address address, std::size_t bytes) noexcept override;
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

 private:
  /// Of the range that a page lies in.
  [[nodiscard]] Stream owner_of(Address address) const noexcept;

  SegmentSource& upstream_;
  Recorder& recorder_;
};

/// Stands between an allocator and the streams of its device: it sees which freed blocks become free late.
class RecordedStreams final : public Streams {
 public:
  /// Both must outlive this.
  RecordedStreams(Streams& upstream, Recorder& recorder) : upstream_(upstream), recorder_(recorder) {}

  Event record(Stream stream) noexcept override;
  bool passed(Event event) noexcept override;
  void wait(Event event) noexcept override;
  void synchronize(Stream stream) noexcept override { upstream_.synchronize(stream); }

 private:
  void complete(Event event) noexcept;

  Streams& upstream_;
  Recorder& recorder_;
  Event last_event_ = 0;
  std::unordered_map<Event, Event> upstream_events_;
};

/// Stands between a program and its allocator, which takes its memory from a RecordedSource and its events
/// from RecordedStreams.
class RecordedAllocator final : public Allocator {
 public:
  /// Both must outlive this.
  RecordedAllocator(Allocator& upstream, Recorder& recorder) : upstream_(upstream), recorder_(recorder) {}

  Address allocate(std::size_t bytes, Stream stream = 0) override;
  void free(Address address) override;
  void record_stream(Address address, Stream stream) override { upstream_.record_stream(address, stream); }
  void empty_cache() override { upstream_.empty_cache(); }
  void reset_peaks() noexcept override { upstream_.reset_peaks(); }
  [[nodiscard]] std::size_t block_bytes(Address address) const override {
    return upstream_.block_bytes(address);
  }
  [[nodiscard]] const Statistics& statistics() const noexcept override { return upstream_.statistics(); }
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return upstream_.snapshot(); }

 private:
  Allocator& upstream_;
  Recorder& recorder_;
};

}  // namespace memsweep
