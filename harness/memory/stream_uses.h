// Which streams use a live block besides its own, and the events that a freed one waits for.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "harness/memory/block.h"
#include "harness/memory/records.h"
#include "harness/memory/streams.h"

namespace memsweep {

/// Of a live block: chained to it. Of a pending one: in the queue of the stream, with an event.
struct StreamUse {
  Stream stream = 0;
  Streams::Event event = 0;
  Block* block = nullptr;
  StreamUse* next = nullptr;

  StreamUse*& next_spare() noexcept { return next; }
};

class StreamUses {
 public:
  /// `stream`, not the block's own, uses the live block too. May throw std::bad_alloc: nothing is changed
  /// then.
  void add(Block& block, Stream stream) {
    StreamUse** end = &block.live.first_use;
    for (; *end != nullptr; end = &(*end)->next) {
      if ((*end)->stream == stream) return;
    }
    records_.reserve(1);
    queues_.try_emplace(stream);
    StreamUse& use = records_.take();
    use.stream = stream;
    use.block = &block;
    *end = &use;
  }

  /// A freed block that other streams use waits for what they were given so far: it is pending.
  void record_events(Block& block, Streams& streams) noexcept {
    block.state = BlockState::pending;
    for (StreamUse* use = std::exchange(block.live.first_use, nullptr); use != nullptr;) {
      StreamUse& waiting = *std::exchange(use, use->next);
      waiting.event = streams.record(waiting.stream);
      queues_.find(waiting.stream)->second.push(waiting);
      ++block.live.pending_events;
    }
  }

  /// Takes from each stream, the first recorded first, the events of which `passed(event)` holds, up to the
  /// first one that it does not hold of. `free(block)` where a block waits for no other: it is in no set.
  template <class Passed, class Free>
  void take_passed(Passed passed, Free free) noexcept {
    for (auto& [stream, queue] : queues_) {
      while (queue.first != nullptr && passed(queue.first->event)) {
        StreamUse& use = queue.pop();
        Block& block = *use.block;
        records_.give_back(use);
        if (--block.live.pending_events == 0) free(block);
      }
    }
  }

  /// Every use that waits for an event.
  template <class Visit>
  void for_each_waiting(Visit visit) const {
    for (const auto& [stream, queue] : queues_) {
      for (const StreamUse* use = queue.first; use != nullptr; use = use->next) visit(*use, stream);
    }
  }

 private:
  struct Queue {
    StreamUse* first = nullptr;
    StreamUse* last = nullptr;

    void push(StreamUse& use) noexcept {
      use.next = nullptr;
      (first == nullptr ? first : last->next) = &use;
      last = &use;
    }
    StreamUse& pop() noexcept { return *std::exchange(first, first->next); }
  };
  /// PyTorch walks a hash map of streams; the order measured is the default stream, then the latest
  /// created stream first. Handles grow with creation.
  struct HarvestOrder {
    bool operator()(Stream a, Stream b) const noexcept { return a != b && (a == 0 || (b != 0 && a > b)); }
  };

  Records<StreamUse> records_;
  std::map<Stream, Queue, HarvestOrder> queues_;  // of every stream that ever used a block of another
};

}  // namespace memsweep
