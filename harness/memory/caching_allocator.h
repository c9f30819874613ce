// PyTorch's CUDA caching allocator, byte for byte, over any source of segments.
//
// A request is rounded and served by the best fitting free block of its stream: small ones (up to
// 1 MiB) from segments of 2 MiB, others from segments of 20 MiB or of their own. A block that is
// larger than needed is split; a freed block merges with its free neighbours. When nothing fits, a
// new segment is asked of the source; when there is none to be had, cached segments are given back,
// in the order that PyTorch has, before the request fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/memory/address_table.h"
#include "harness/memory/allocator.h"
#include "harness/memory/block.h"
#include "harness/memory/errors.h"
#include "harness/memory/rules.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/settings.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/statistics.h"
#include "harness/memory/streams.h"

namespace memsweep {

class CachingAllocator final : public Allocator {
 public:
  /// The source and the streams must outlive the allocator. Nothing is taken from the source yet.
  /// Expandable segments need a source that offers pages: UsageError if it does not.
  explicit CachingAllocator(SegmentSource& source, AllocatorSettings settings = {},
                            PytorchRelease release = PytorchRelease::v2_15,
                            Streams& streams = idle_streams());

  /// Gives every segment back, also those with live blocks.
  ~CachingAllocator() override;

  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream = 0) override;
  void free(Address address) override;

  /// `stream` uses the live block at `address` too: after its free the block waits for that stream.
  void record_stream(Address address, Stream stream);

  /// Waits for all pending blocks and gives back every segment that is wholly free.
  void empty_cache();

  /// Limits reserved memory to a fraction of the device, in [0, 1]; 1: no limit. Else UsageError.
  void set_memory_fraction(double fraction);

  /// Changes the settings at run time (settings.h says which keep their value). Throws UsageError.
  void apply_settings(std::string_view text);

  void reset_peaks() noexcept { statistics_.reset_peaks(); }
  void reset_accumulated() noexcept { statistics_.reset_accumulated(); }

  [[nodiscard]] const Statistics& statistics() const noexcept override { return statistics_; }
  [[nodiscard]] const AllocatorRules& rules() const noexcept { return allocator_rules(release_); }
  [[nodiscard]] const AllocatorSettings& settings() const noexcept { return settings_; }

  [[nodiscard]] std::size_t block_bytes(Address address) const override;

  /// The largest free block of any pool and stream, bytes: the largest request that needs no device.
  [[nodiscard]] std::size_t largest_free() const noexcept;

  /// All free blocks together, bytes.
  [[nodiscard]] std::size_t free_bytes() const noexcept;

  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override;

  /// Compares everything that is kept in two places; throws std::logic_error with the invariant
  /// that does not hold.
  void check() const;

 private:
  struct Request {
    std::size_t bytes;
    std::size_t rounded;
    std::size_t segment;  // what the device is asked for
    Stream stream;
    Pool& pool;
    bool expandable;
  };
  struct PendingEvent {
    Streams::Event event;
    Block* block;
  };
  /// PyTorch walks a hash map of streams; the order measured is the default stream, then the latest
  /// created stream first. Handles grow with creation.
  struct HarvestOrder {
    bool operator()(Stream a, Stream b) const noexcept { return a != b && (a == 0 || (b != 0 && a > b)); }
  };
  /// What neighbours a block swallowed.
  struct Absorbed {
    std::int64_t blocks = 0;
    std::size_t bytes = 0;
  };

  using SegmentNode = std::map<Address, Segment>::node_type;

  // caching_allocator.cpp: a request from search to hand-out, and the way back
  Request make_request(std::size_t bytes, Stream stream) noexcept;
  Block* find_free(const Request& request) noexcept;
  static Block* best_fit(const Request& request) noexcept;
  Block& obtain(const Request& request);
  Block* new_block(const Request& request);
  Block* new_segment(const Request& request);
  [[nodiscard]] bool should_split(const Block& block, const Request& request) const noexcept;
  Address hand_out(Block& found, const Request& request);
  void wait_for_streams(Block& block);
  void finish_free(Block& block) noexcept;
  Absorbed absorb_neighbours(Block& block) noexcept;
  void harvest_events() noexcept;
  [[nodiscard]] OutOfMemory out_of_memory(const Request& request) const;
  static SegmentNode new_segment_node();
  void add_segment(SegmentNode node, const Segment& layout, Block& block, const Request& request) noexcept;
  void drop_segment(Segment& segment) noexcept;
  [[nodiscard]] std::size_t reserved() const noexcept;

  // release.cpp: what is given back, when and in which order
  [[nodiscard]] bool collects_garbage() const noexcept;
  void collect_garbage() noexcept;
  bool release_available(const Request& request);
  void release_oversize(Block& block);
  void release_all();
  void release_pool(Pool& pool);
  void release_segment(Block& block) noexcept;
  void synchronize_events() noexcept;

  // expandable.cpp: segments that grow and shrink by pages
  static Block* best_growing_fit(const FreeSet& free, FreeSet::const_iterator found) noexcept;
  Block* grow_expandable(const Request& request);
  static Block* find_run(const Request& request) noexcept;
  Block* new_expandable_segment(const Request& request);
  [[nodiscard]] std::size_t reservation_bytes(std::size_t page_bytes) const noexcept;
  bool map(Block& block, std::size_t bytes);
  void unmap_free_pages(Block& block);
  void drop_expandable_segment(Segment& segment) noexcept;
  void abandon_expandable_segment(const Segment& segment) noexcept;

  // inspection.cpp
  void check_pool(const Pool& pool) const;
  void check_segment(const Segment& segment) const;
  void check_statistics() const;

  SegmentSource& source_;
  Streams& streams_;
  PytorchRelease release_;
  AllocatorSettings settings_;
  std::optional<std::size_t> limit_;  // of reserved bytes
  Statistics statistics_;
  Pool small_{PoolKind::small, {}, {}};
  Pool large_{PoolKind::large, {}, {}};
  BlockRecords records_;
  AddressTable live_;
  std::map<Address, Segment> segments_;
  std::uint64_t segments_created_ = 0;
  std::map<Stream, std::list<PendingEvent>, HarvestOrder> events_;  // first recorded first
};

}  // namespace memsweep
