// What a block costs the host.
#pragma once

#include <cstddef>

#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"
#include "tests/memory/host_heap.h"

namespace memsweep::testing {

/// Bytes of the host's heap for each of a million live blocks of sizes `size()`, everything counted: also the
/// free blocks between them, the segments and the records of the counted device.
template <class Size>
double host_bytes_per_block(Size size) {
  constexpr std::size_t kBlocks = 1'000'000;
  const std::size_t before = host_heap.bytes;
  CountingSource device(std::size_t{1} << 45);
  CachingAllocator allocator(device);
  for (std::size_t i = 0; i < kBlocks; ++i) (void)allocator.allocate(size());
  return static_cast<double>(host_heap.bytes - before) / kBlocks;
}

}  // namespace memsweep::testing
