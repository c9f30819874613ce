#include "harness/trace/run_trace.h"

#include <algorithm>

namespace memsweep {
namespace {

constexpr Stream kFirstBorrower = Stream{1} << 63;

std::size_t current(const PoolStat& stat) { return static_cast<std::size_t>(stat.all.current); }

class TraceRun {
 public:
  TraceRun(const Trace& trace, Allocator& allocator, TraceStreams& streams)
      : trace_(trace), allocator_(allocator), streams_(streams), addresses_(trace.blocks + 1) {}

  TraceResult run(std::size_t used_before) && {
    for (const Operation& operation : trace_.operations) {
      try {
        perform(operation);
      } catch (const OutOfMemory& refused) {
        const auto index = static_cast<std::size_t>(&operation - trace_.operations.data());
        result_.failure = TraceFailure{index, operation.event, refused, allocator_.snapshot(), addresses_};
        result_.fragmentation.scattered = scattered(result_.failure->layout);
        break;
      }
      ++result_.operations;
    }
    const Statistics& s = allocator_.statistics();
    result_.peak = peak_levels(s, used_before);
    result_.alloc_retries = s.num_alloc_retries;
    result_.fragmentation.unused_at_peak = reserved_peak_.unused();
    result_.fragmentation.reserved_beyond_live = result_.peak.reserved - result_.peak.allocated;
    result_.allocated_at_end = current(s.allocated_bytes);
    result_.reserved_at_end = current(s.reserved_bytes);
    return std::move(result_);
  }

 private:
  void perform(const Operation& operation) {
    Address& address = addresses_[operation.block];
    switch (operation.kind) {
      case Operation::Kind::allocate: address = allocate(operation); break;
      case Operation::Kind::free: allocator_.free(address); break;
      case Operation::Kind::lend:
        if (address == 0) break;  // nothing was asked for
        streams_.lend(operation.block);
        allocator_.record_stream(address, TraceStreams::borrower(operation.block));
        break;
      case Operation::Kind::give_back: streams_.give_back(operation.block); break;
      case Operation::Kind::attempt: allocator_.free(allocate(operation)); break;
      case Operation::Kind::empty_cache: allocator_.empty_cache(); break;
    }
  }

  Address allocate(const Operation& operation) {
    const Address address = allocator_.allocate(operation.bytes, trace_.streams[operation.stream]);
    reserved_peak_.note(allocator_.statistics());
    return address;
  }

  const Trace& trace_;
  Allocator& allocator_;
  TraceStreams& streams_;
  std::vector<Address> addresses_;  // by block; one more, so that empty_cache finds the block 0 that it names
  ReservedPeak reserved_peak_;
  TraceResult result_;
};

}  // namespace

std::optional<double> scattered(const std::vector<SegmentSnapshot>& layout) {
  std::size_t free = 0, largest = 0;
  for (const SegmentSnapshot& segment : layout) {
    for (const BlockSnapshot& block : segment.blocks) {
      if (block.state != BlockState::free) continue;
      free += block.size;
      largest = std::max(largest, block.size);
    }
  }
  if (free == 0) return std::nullopt;
  return 1 - static_cast<double>(largest) / static_cast<double>(free);
}

// An event is known by its block: a block is lent once at a time.
Streams::Event TraceStreams::record(Stream stream) noexcept { return stream; }

bool TraceStreams::passed(Event event) noexcept {
  const std::size_t block = event - kFirstBorrower;
  return event < kFirstBorrower || block >= lent_.size() || !lent_[block];
}

void TraceStreams::wait(Event event) noexcept {
  if (event >= kFirstBorrower) give_back(static_cast<TraceBlock>(event - kFirstBorrower));
}

Stream TraceStreams::borrower(TraceBlock block) noexcept { return kFirstBorrower + block; }

void TraceStreams::lend(TraceBlock block) {
  if (block >= lent_.size()) lent_.resize(block + std::size_t{1});
  lent_[block] = true;
}

void TraceStreams::give_back(TraceBlock block) noexcept {
  if (block < lent_.size()) lent_[block] = false;
}

TraceResult run_trace(const Trace& trace, Allocator& allocator, SegmentSource& memory,
                      TraceStreams& streams) {
  const std::size_t used_before = memory.info().used;
  return TraceRun(trace, allocator, streams).run(used_before);
}

}  // namespace memsweep
