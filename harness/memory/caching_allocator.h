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
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/memory/address_table.h"
#include "harness/memory/allocator.h"
#include "harness/memory/block.h"
#include "harness/memory/errors.h"
#include "harness/memory/pool.h"
#include "harness/memory/records.h"
#include "harness/memory/rules.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/settings.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/statistics.h"
#include "harness/memory/stream_uses.h"
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

  void record_stream(Address address, Stream stream) override;
  void empty_cache() override;

  /// Limits reserved memory to a fraction of the device, in [0, 1]; 1: no limit. Else UsageError.
  void set_memory_fraction(double fraction);

  /// Changes the settings at run time (settings.h says which keep their value). Throws UsageError.
  void apply_settings(std::string_view text);

  /// Takes over segments that lie in the source already, with their blocks; pending ones count as live. Of an
  /// expandable segment `layout` shows the whole range, unmapped blocks included. Segments are as old as they
  /// stand here, the first the oldest. Only before the first request.
  void restore(std::span<const SegmentSnapshot> layout);

  void reset_peaks() noexcept override { statistics_.reset_peaks(); }
  void reset_accumulated() noexcept { statistics_.reset_accumulated(); }

  [[nodiscard]] const Statistics& statistics() const noexcept override { return statistics_; }
  [[nodiscard]] const AllocatorRules& rules() const noexcept { return allocator_rules(release_); }
  [[nodiscard]] const AllocatorSettings& settings() const noexcept { return settings_; }

  [[nodiscard]] std::size_t block_bytes(Address address) const override;

  /// Whether a request would be served by a free block, without the device.
  [[nodiscard]] bool has_cached(std::size_t bytes, Stream stream = 0);

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
    StreamCache& cache;
    bool expandable;
    [[nodiscard]] PoolKind pool() const noexcept { return cache.pool.kind; }
  };

  // caching_allocator.cpp: a request from search to hand-out, and the way back
  Request make_request(std::size_t bytes, Stream stream);
  Block* find_free(const Request& request) noexcept;
  [[nodiscard]] Block* fitting(const Request& request) const noexcept;
  static Block* best_fit(const Request& request) noexcept;
  Block& obtain(const Request& request);
  Block* new_block(const Request& request);
  Block* new_segment(const Request& request);
  [[nodiscard]] bool should_split(const Block& block, const Request& request) const noexcept;
  Address hand_out(Block& found, const Request& request);
  void occupy(Block& block, std::size_t requested) noexcept;
  void finish_free(Block& block) noexcept;
  InactiveSplit absorb_neighbours(Block& block) noexcept;
  void count_inactive(PoolKind pool, InactiveSplit change) noexcept;
  void harvest_events() noexcept;
  [[nodiscard]] OutOfMemory out_of_memory(const Request& request) const;
  void reserve_segment();
  Block& add_segment(Address address, std::size_t size, std::size_t page_bytes, StreamCache& cache) noexcept;
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
  static Block* best_growing_fit(const FreeSet& free, Block* found) noexcept;
  Block* grow_expandable(const Request& request);
  static Block* find_run(const Request& request) noexcept;
  Block* new_expandable_segment(const Request& request);
  [[nodiscard]] std::size_t page_bytes(PoolKind pool) const noexcept;
  [[nodiscard]] std::size_t reservation_bytes(std::size_t page_bytes) const noexcept;
  bool map(Block& block, std::size_t bytes);
  void unmap_free_pages(Block& block);
  void drop_expandable_segment(Segment& segment) noexcept;
  void abandon_expandable_segment(const Segment& segment) noexcept;

  // restore.cpp
  void restore(const SegmentSnapshot& layout);

  // inspection.cpp
  void check_cache(const StreamCache& cache) const;
  void check_segment(const Segment& segment) const;
  void check_statistics() const;
  void check_uses() const;

  SegmentSource& source_;
  Streams& streams_;
  PytorchRelease release_;
  AllocatorSettings settings_;
  std::optional<std::size_t> limit_;  // of reserved bytes
  Statistics statistics_;
  Pool small_{PoolKind::small};
  Pool large_{PoolKind::large};
  Records<Block> block_records_;
  AddressTable live_;
  Records<Segment> segment_records_;
  SegmentSet segments_;
  std::uint64_t segments_created_ = 0;
  StreamUses uses_;
};

}  // namespace memsweep
