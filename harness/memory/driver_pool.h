// A model of the CUDA driver's default memory pool, behind cudaMallocAsync and cudaFreeAsync.
//
// Documented by NVIDIA and modelled: a block freed in a stream serves that stream again at once, and every
// stream once the free has passed (opportunistic reuse); when the device has no more memory, a request may
// wait for frees of other streams (internal dependencies); memory beyond what is in use is kept (release
// threshold unlimited) until the pool is trimmed, and a trim gives back only pages of which all is unused.
//
// Assumed, since nothing is documented: blocks of whole 512 bytes, best fit, lowest address first among
// equals, neighbours merge; memory comes in pages of 2 MiB. Reports of real pools show reserved sizes in
// steps of 32 MiB (rmm issue 1245), so reserved memory here is a lower bound.
//
// Not modelled: the driver can move unused pages to where a request fits. Reports say that it does not
// where frees have not been waited for (rmm 1245, pytorch 110194), and a trim with a retry has that effect.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "harness/memory/segment_source.h"
#include "harness/memory/snapshot.h"
#include "harness/memory/stream_pool.h"
#include "harness/memory/streams.h"

namespace memsweep {

class DriverPool final : public StreamOrderedPool {
 public:
  /// Pages and streams must outlive the pool. A request of more than `capacity` bytes is refused.
  DriverPool(PageSource& pages, Streams& streams, std::size_t capacity);

  /// Gives back all pages, also those in use.
  ~DriverPool() override;

  DriverPool(const DriverPool&) = delete;
  DriverPool& operator=(const DriverPool&) = delete;

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream) override;
  void free(Address address, std::span<const Stream> others) override;

  /// Gives back the pages that hold nothing but one free block, its free having passed.
  void trim() override;
  void wait_for_frees() noexcept override;
  void synchronize(Stream stream) noexcept override { streams_.synchronize(stream); }

  /// In mapped pages, bytes.
  [[nodiscard]] std::size_t reserved() const noexcept override { return reserved_; }
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override;

 private:
  using Owner = std::optional<Stream>;  // of a free block: the only stream that may use it yet; none: all may

  struct Block;
  struct FreeKey {
    Owner owner;
    std::size_t size;
  };
  struct FreeOrder {
    using is_transparent = void;
    bool operator()(const Block* a, const Block* b) const noexcept;
    bool operator()(const Block* block, const FreeKey& key) const noexcept;
  };
  using FreeSet = std::set<Block*, FreeOrder>;

  struct Free {
    std::uint64_t number;  // of the frees so far
    Streams::Event event;
  };
  /// A piece of a range. Neighbours are never both free with one owner, nor both unmapped.
  struct Block {
    Address address = 0;
    std::size_t size = 0;
    std::size_t range = 0;      // index in ranges_
    std::size_t requested = 0;  // by the last user
    Stream stream = 0;          // of the last user
    BlockState state = BlockState::unmapped;
    Owner owner;
    Free freed{};             // while it has an owner: the last free of a part of it
    FreeSet::node_type node;  // while in no set: its own, so that no insertion allocates
  };
  using Blocks = std::map<Address, Block>;
  using Place = Blocks::iterator;

  struct Range {
    Address address;
    std::size_t bytes;
  };
  /// Of a block that several streams used.
  struct PendingFree {
    Address address;
    std::vector<Streams::Event> events;  // that have not passed
  };

  [[nodiscard]] Place find(std::size_t size, Stream stream);
  [[nodiscard]] Place best_fit(std::size_t size, Stream stream) noexcept;
  [[nodiscard]] Place grow(std::size_t size, Stream stream);
  [[nodiscard]] std::size_t usable_before(Place unmapped, Stream stream) noexcept;
  [[nodiscard]] Place new_range();
  Address take(Place free, std::size_t size, std::size_t requested, Stream stream) noexcept;
  Place unmap_pages(Place free);

  void release_passed() noexcept;
  template <class Passed>
  void release(Passed passed) noexcept;
  void free_for_all(Place block) noexcept;

  [[nodiscard]] Place place_of(const Block& block) noexcept { return blocks_.find(block.address); }
  void insert_free(Block& block) noexcept;
  void remove_free(Block& block) noexcept;
  Place split(Place block, std::size_t size) noexcept;
  Place absorb_neighbours(Place block) noexcept;
  void absorb_next(Place block) noexcept;
  void join_next(Place block) noexcept;
  [[nodiscard]] static bool mergeable(const Block& a, const Block& b) noexcept;

  void stock_up();
  Blocks::node_type take_spare() noexcept;
  static Blocks::node_type new_node();

  template <class Visit>
  void for_each_run(Visit visit) const;

  PageSource& pages_;
  Streams& streams_;
  std::size_t capacity_;
  std::size_t reserved_ = 0;
  std::uint64_t frees_ = 0;
  std::vector<Range> ranges_;
  Blocks blocks_;
  FreeSet free_;
  std::list<PendingFree> pending_;          // in the order of their frees, in which they pass
  std::array<Blocks::node_type, 3> spare_;  // as many records as an operation may need
};

}  // namespace memsweep
