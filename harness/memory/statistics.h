// What an allocator counts, under the names of torch.cuda.memory_stats().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/memory/rules.h"

namespace memsweep {

/// One counted quantity. `allocated` and `freed` are the totals of all ups and downs.
struct Stat {
  std::int64_t current = 0;
  std::int64_t peak = 0;
  std::int64_t allocated = 0;
  std::int64_t freed = 0;

  /// By an amount that is not negative; so with fall().
  void rise(std::int64_t amount) noexcept {
    current += amount;
    peak = std::max(peak, current);
    allocated += amount;
  }
  void fall(std::int64_t amount) noexcept {
    current -= amount;
    freed += amount;
  }
  /// Up or down, whichever `change` is. No branch: which it is can hardly be predicted.
  void add(std::int64_t change) noexcept {
    const std::int64_t up = std::max<std::int64_t>(change, 0);
    rise(up);
    fall(up - change);
  }
  void reset_peak() noexcept { peak = current; }
  void reset_accumulated() noexcept { allocated = freed = 0; }
};

enum class PoolKind : std::uint8_t { small, large };

/// A quantity in all and by pool.
struct PoolStat {
  Stat all;
  Stat small_pool;
  Stat large_pool;

  // A pointer to the member is an offset, which the compiler works out once for all quantities of an event.
  Stat& of(PoolKind pool) noexcept {
    return this->*(pool == PoolKind::small ? &PoolStat::small_pool : &PoolStat::large_pool);
  }

  void add(PoolKind pool, std::int64_t change) noexcept {
    all.add(change);
    of(pool).add(change);
  }
  void rise(PoolKind pool, std::size_t amount) noexcept {
    all.rise(static_cast<std::int64_t>(amount));
    of(pool).rise(static_cast<std::int64_t>(amount));
  }
  void fall(PoolKind pool, std::size_t amount) noexcept {
    all.fall(static_cast<std::int64_t>(amount));
    of(pool).fall(static_cast<std::int64_t>(amount));
  }
};

struct Statistics {
  PoolStat allocation;      // live blocks
  PoolStat segment;         // expandable ones do not count
  PoolStat active;          // live blocks and freed ones that wait for a stream
  PoolStat inactive_split;  // free blocks that are part of a segment; expandable ones do not count

  PoolStat allocated_bytes;  // rounded
  PoolStat reserved_bytes;   // of segments and mapped pages
  PoolStat active_bytes;
  PoolStat inactive_split_bytes;
  PoolStat requested_bytes;  // as asked for

  Stat oversize_allocations;  // of max_split_size and more
  Stat oversize_segments;

  std::int64_t num_alloc_retries = 0;
  std::int64_t num_ooms = 0;
  std::int64_t num_sync_all_streams = 0;
  std::int64_t num_device_alloc = 0;
  std::int64_t num_device_free = 0;
  std::int64_t num_oom_rejections = 0;
  std::int64_t max_split_size = -1;  // as first configured; -1: unlimited

  void reset_peaks() noexcept;
  void reset_accumulated() noexcept;
};

struct NamedStatistic {
  std::string name;
  std::int64_t value = 0;
};

/// Every entry of torch.cuda.memory_stats() of that release, sorted by name.
std::vector<NamedStatistic> memory_stats(const Statistics& statistics, const AllocatorRules& rules);

}  // namespace memsweep
