// Where an allocator's segments come from: a GPU, host memory under a cap, or a counter.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memsweep {

using Address = std::uint64_t;  // 0: none

/// Virtual address ranges whose pages get memory one by one (expandable segments).
class PageSource {
 public:
  virtual ~PageSource() = default;

  /// A range of `bytes` bytes without memory behind it, or 0. Costs no capacity.
  [[nodiscard]] virtual Address reserve(std::size_t bytes) noexcept = 0;

  /// Gives back a whole range, none of whose pages has memory; `bytes` as it was asked for.
  virtual void unreserve(Address address, std::size_t bytes) noexcept = 0;

  /// Puts memory behind `count` pages from `address` on: all of them, or none and false.
  [[nodiscard]] virtual bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept = 0;

  /// Takes the memory of `count` mapped pages from `address` on away.
  virtual void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept = 0;
};

class StreamOrderedPool;  // stream_pool.h

class SegmentSource {
 public:
  struct Info {
    std::size_t total = 0;  // capacity of the device, bytes
    std::size_t used = 0;   // by this process and others, bytes
  };

  virtual ~SegmentSource() = default;

  /// A new segment of at least `bytes` bytes, or 0 when there is none to be had.
  /// Two live segments never overlap. `bytes` > 0.
  [[nodiscard]] virtual Address allocate(std::size_t bytes) noexcept = 0;

  /// Gives back a segment; `bytes` as it was asked for.
  virtual void release(Address address, std::size_t bytes) noexcept = 0;

  [[nodiscard]] virtual Info info() const noexcept = 0;

  /// Bytes of the device that this source took and has not given back, and besides only what nobody else
  /// moves: what is left when all its users are gone was lost.
  [[nodiscard]] virtual std::size_t held() const noexcept { return info().used; }

  /// The device's virtual memory, or null where it has none to offer.
  [[nodiscard]] virtual PageSource* pages() noexcept { return nullptr; }

  /// The device's own pool for allocation in the order of streams, for one user at a time, or null where it
  /// has none: then it can be modelled over pages().
  [[nodiscard]] virtual StreamOrderedPool* pool() noexcept { return nullptr; }
};

}  // namespace memsweep
