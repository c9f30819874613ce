// What the snapshot and the statistics of any allocator say of each other.
#pragma once

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "harness/memory/allocator.h"
#include "harness/memory/sources/granule.h"

namespace memsweep::testing {

inline void expect_blocks_tile(const SegmentSnapshot& segment) {
  Address end = segment.address;
  std::size_t live = 0;
  for (const BlockSnapshot& block : segment.blocks) {
    ASSERT_EQ(block.address, end) << "blocks leave no gap";
    ASSERT_GT(block.size, 0u);
    end += block.size;
    if (block.state == BlockState::live) live += block.size;
  }
  ASSERT_EQ(end, segment.address + segment.size);
  ASSERT_EQ(live, segment.allocated);
}

inline void expect_consistent(const Allocator& allocator) {
  std::size_t allocated = 0, requested = 0, reserved = 0;
  bool pending = false;
  Address end = 0;
  for (const SegmentSnapshot& segment : allocator.snapshot()) {
    ASSERT_GE(segment.address, end) << "segments stand by address and do not overlap";
    end = segment.address + segment.size;
    ASSERT_NO_FATAL_FAILURE(expect_blocks_tile(segment));
    reserved += round_to_granule(segment.size);
    for (const BlockSnapshot& block : segment.blocks) {
      pending = pending || block.state == BlockState::pending;
      if (block.state != BlockState::live) continue;
      const std::size_t bytes = allocator.block_bytes(block.address);
      ASSERT_GE(bytes, block.requested);
      ASSERT_LE(bytes, block.size);
      allocated += bytes;
      requested += block.requested;
    }
  }
  const Statistics& s = allocator.statistics();
  ASSERT_EQ(s.allocated_bytes.all.current, static_cast<std::int64_t>(allocated));
  ASSERT_EQ(s.reserved_bytes.all.current, static_cast<std::int64_t>(reserved));
  if (!pending) {
    ASSERT_EQ(s.requested_bytes.all.current, static_cast<std::int64_t>(requested));
    ASSERT_EQ(s.active_bytes.all.current, s.allocated_bytes.all.current);
  }
  ASSERT_GE(s.allocated_bytes.all.peak, s.allocated_bytes.all.current);
  ASSERT_GE(s.reserved_bytes.all.peak, s.reserved_bytes.all.current);
}

}  // namespace memsweep::testing
