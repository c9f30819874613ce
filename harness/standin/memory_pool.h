// A device's pool behind cudaMallocAsync and cudaFreeAsync.
//
// Seen on a card (results/h100-sxm-80gb-pytorch-2.11): the pool takes memory from the device in multiples of
// 32 MiB and keeps it. Documented: what is over the release threshold is given back when a stream, an event
// or the device is waited for. Assumed: blocks of whole 512 bytes, the smallest that fits, the lowest address
// among equals; free neighbours merge; only pieces that are wholly free can be given back. Streams are
// always done here, so a block that was freed serves every stream at once.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>
#include <map>

#include "harness/standin/device_memory.h"

namespace memsweep::standin {

class MemoryPool {
 public:
  MemoryPool(DeviceMemory& memory, int device) : memory_(memory), device_(device) {}

  /// `bytes` > 0.
  cudaError_t allocate(std::size_t bytes, Address& address);
  cudaError_t free(Address address);

  /// Whether `address` is in memory that the pool took from the device.
  [[nodiscard]] bool holds(Address address) const;

  /// Gives wholly free pieces back while more than `bytes_to_keep` are reserved.
  void trim(std::size_t bytes_to_keep);

  /// Somebody waited for the device or a stream of it.
  void waited() { trim(release_threshold); }

  /// Blocks that are not free, and pieces that the device gave.
  [[nodiscard]] std::size_t allocations() const { return live_; }
  [[nodiscard]] std::size_t pieces() const;

  /// Bytes, with the most there were.
  struct Level {
    std::uint64_t now = 0;
    std::uint64_t high = 0;

    void add(std::int64_t bytes);
  };
  Level reserved;
  Level used;
  std::uint64_t release_threshold = 0;  // bytes
  // Whether blocks may be reused in ways that streams which are always done have no need of.
  int follow_event_dependencies = 1;
  int allow_opportunistic = 1;
  int allow_internal_dependencies = 1;

 private:
  struct Block {
    std::size_t bytes;
    Address piece;  // that it is a part of
    bool free;
  };
  using Blocks = std::map<Address, Block>;

  [[nodiscard]] Blocks::iterator best_fit(std::size_t bytes);
  [[nodiscard]] Blocks::iterator grow(std::size_t bytes);
  void merge_with_next(Blocks::iterator block);

  DeviceMemory& memory_;
  int device_;
  Blocks blocks_;
  std::size_t live_ = 0;
};

}  // namespace memsweep::standin
