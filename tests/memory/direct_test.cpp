#include "harness/memory/direct.h"

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/sources/counting.h"

namespace memsweep {
namespace {

class Direct : public ::testing::Test {
 protected:
  [[nodiscard]] const Statistics& statistics() const { return allocator_.statistics(); }

  CountingSource device_{64_MiB};
  DirectAllocator allocator_{device_};
};

TEST_F(Direct, asks_the_device_for_the_bytes_as_they_are_and_counts_what_it_takes_for_them) {
  const Address address = allocator_.allocate(2_MiB + 1);
  EXPECT_EQ(allocator_.block_bytes(address), 2_MiB + 1);
  EXPECT_EQ(statistics().allocated_bytes.all.current, static_cast<std::int64_t>(2_MiB + 1));
  EXPECT_EQ(statistics().reserved_bytes.all.current, static_cast<std::int64_t>(4_MiB));
  EXPECT_EQ(device_.info().used, 4_MiB);
}

TEST_F(Direct, keeps_nothing_that_is_freed) {
  allocator_.free(allocator_.allocate(10_MiB));
  EXPECT_EQ(device_.info().used, 0u);
  EXPECT_EQ(statistics().num_device_alloc, 1);
  EXPECT_EQ(statistics().num_device_free, 1);
  EXPECT_EQ(statistics().reserved_bytes.all.peak, static_cast<std::int64_t>(10_MiB));
}

TEST_F(Direct, takes_a_segment_for_every_block) {
  static_cast<void>(allocator_.allocate(1));
  static_cast<void>(allocator_.allocate(1, 7));
  EXPECT_EQ(statistics().segment.all.current, 2);
  EXPECT_EQ(device_.info().used, 4_MiB);
  const auto segments = allocator_.snapshot();
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[1].stream, 7u);
  ASSERT_EQ(segments[1].blocks.size(), 1u);
  EXPECT_EQ(segments[1].blocks[0].state, BlockState::live);
}

TEST_F(Direct, frees_a_block_of_two_streams_at_once_for_the_device_waits) {
  const Address address = allocator_.allocate(4_MiB);
  allocator_.record_stream(address, 3);
  allocator_.free(address);
  EXPECT_EQ(device_.info().used, 0u);
}

TEST_F(Direct, runs_out_of_granules_and_says_so) {
  for (int i = 0; i < 32; ++i) static_cast<void>(allocator_.allocate(1));
  try {
    static_cast<void>(allocator_.allocate(1));
    FAIL() << "33 granules of 32";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.backend, Backend::direct);
    EXPECT_EQ(error.tried, 2_MiB);
    EXPECT_EQ(error.allocated, 32u);
    EXPECT_EQ(error.reserved, 64_MiB);
    EXPECT_EQ(error.device_free, 0u);
  }
  EXPECT_EQ(statistics().num_ooms, 1);
}

}  // namespace
}  // namespace memsweep
