#include "harness/memory/async.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/sources/counting.h"
#include "tests/memory/consistency.h"
#include "tests/memory/held_streams.h"
#include "tests/memory/random_user.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;

class Async : public ::testing::Test {
 protected:
  [[nodiscard]] std::int64_t reserved() const { return allocator_.statistics().reserved_bytes.all.current; }
  [[nodiscard]] static std::int64_t mib(std::int64_t n) { return n << 20; }

  testing::HeldStreams streams_;
  CountingSource device_{64_MiB};
  AsyncAllocator allocator_{device_, 1, kNewest, streams_};
};

TEST_F(Async, counts_bytes_as_they_were_asked_for) {
  const Address address = allocator_.allocate(1000);
  const Statistics& s = allocator_.statistics();
  EXPECT_EQ(allocator_.block_bytes(address), 1000u);
  EXPECT_EQ(s.allocated_bytes.all.current, 1000);
  EXPECT_EQ(s.active_bytes.all.current, 1000);
  EXPECT_EQ(s.requested_bytes.all.current, 1000);
  EXPECT_EQ(s.reserved_bytes.all.current, mib(2));
  allocator_.free(address);
  EXPECT_EQ(s.allocated_bytes.all.current, 0);
  EXPECT_EQ(s.allocated_bytes.all.peak, 1000);
  EXPECT_EQ(s.reserved_bytes.all.current, mib(2)) << "the release threshold is unlimited";
}

TEST_F(Async, keeps_no_other_statistics) {
  allocator_.free(allocator_.allocate(1_MiB));
  EXPECT_THROW(static_cast<void>(allocator_.allocate(65_MiB)), OutOfMemory);
  for (const NamedStatistic& entry : memory_stats(allocator_.statistics(), allocator_rules(kNewest))) {
    const bool kept = entry.name.starts_with("allocated_bytes.all") ||
                      entry.name.starts_with("active_bytes.all") ||
                      entry.name.starts_with("reserved_bytes.all") ||
                      entry.name.starts_with("requested_bytes.all") || entry.name == "max_split_size";
    const bool total = entry.name.ends_with(".allocated") || entry.name.ends_with(".freed");
    if (kept && !total) continue;
    EXPECT_EQ(entry.value, 0) << entry.name;
  }
}

TEST_F(Async, gives_a_stream_its_own_block_again_at_once_and_others_when_it_has_passed) {
  streams_.hold(true);
  const Address first = allocator_.allocate(2_MiB, 1);
  allocator_.free(first);
  const Address other = allocator_.allocate(2_MiB, 2);
  EXPECT_NE(other, first);
  EXPECT_EQ(allocator_.allocate(2_MiB, 1), first);
  allocator_.free(first);
  streams_.hold(false);
  EXPECT_EQ(allocator_.allocate(2_MiB, 2), first);
}

TEST_F(Async, lets_a_block_of_several_streams_wait_for_all_even_for_its_own_stream) {
  streams_.hold(true);
  const Address shared = allocator_.allocate(2_MiB, 1);
  allocator_.record_stream(shared, 2);
  allocator_.free(shared);
  EXPECT_EQ(allocator_.statistics().allocated_bytes.all.current, 0);
  EXPECT_NE(allocator_.allocate(2_MiB, 1), shared);
  streams_.hold(false);
  EXPECT_EQ(allocator_.allocate(2_MiB, 1), shared);
}

TEST_F(Async, does_not_wait_where_a_block_was_recorded_on_its_own_stream) {
  streams_.hold(true);
  const Address block = allocator_.allocate(2_MiB, 1);
  allocator_.record_stream(block, 1);
  allocator_.free(block);
  EXPECT_EQ(allocator_.allocate(2_MiB, 1), block);
}

TEST_F(Async, waits_for_other_streams_rather_than_fail) {
  streams_.hold(true);
  const Address first = allocator_.allocate(40_MiB, 1);
  allocator_.free(first);
  EXPECT_EQ(allocator_.allocate(40_MiB, 2), first);
}

TEST_F(Async, takes_the_best_fit_and_the_lowest_of_equals) {
  std::vector<Address> blocks;
  for (const std::size_t size : {4_MiB, 1_MiB, 2_MiB, 1_MiB, 2_MiB, 1_MiB})
    blocks.push_back(allocator_.allocate(size));
  for (const std::size_t i : {0, 4, 2}) allocator_.free(blocks[i]);
  EXPECT_EQ(allocator_.allocate(2_MiB - 512), blocks[2]);
  EXPECT_EQ(allocator_.allocate(2_MiB), blocks[4]);
  EXPECT_EQ(allocator_.allocate(2_MiB), blocks[0]);
}

TEST_F(Async, grows_a_free_end_by_what_it_lacks) {
  static_cast<void>(allocator_.allocate(1_MiB));
  EXPECT_EQ(reserved(), mib(2));
  static_cast<void>(allocator_.allocate(5_MiB));
  EXPECT_EQ(reserved(), mib(6));
}

TEST_F(Async, gives_back_pages_that_are_free_as_a_whole) {
  const Address a = allocator_.allocate(5_MiB);
  const Address b = allocator_.allocate(6_MiB);
  static_cast<void>(allocator_.allocate(1_MiB));
  EXPECT_EQ(reserved(), mib(12));
  allocator_.free(b);
  allocator_.empty_cache();
  EXPECT_EQ(reserved(), mib(8)) << "[6, 10) of [5, 11) MiB";
  allocator_.free(a);
  allocator_.empty_cache();
  EXPECT_EQ(reserved(), mib(2));
  EXPECT_EQ(device_.info().used, 2_MiB);
}

TEST_F(Async, maps_memory_again_where_it_was_taken_away) {
  const Address low = allocator_.allocate(8_MiB);
  static_cast<void>(allocator_.allocate(2_MiB));
  allocator_.free(low);
  allocator_.empty_cache();
  EXPECT_EQ(reserved(), mib(2));
  EXPECT_EQ(allocator_.allocate(3_MiB), low);
  EXPECT_EQ(reserved(), mib(6));
}

/// Frees every second of 32 blocks of 2 MiB, so that 32 MiB are free in pieces of 2.
void fragment(AsyncAllocator& allocator) {
  std::vector<Address> blocks;
  for (int i = 0; i < 32; ++i) blocks.push_back(allocator.allocate(2_MiB));
  for (std::size_t i = 0; i < blocks.size(); i += 2) allocator.free(blocks[i]);
}

TEST_F(Async, trims_the_pool_and_tries_again_before_it_fails) {
  fragment(allocator_);
  EXPECT_NE(allocator_.allocate(32_MiB), 0u);
  EXPECT_EQ(reserved(), mib(64));
  EXPECT_THROW(static_cast<void>(allocator_.allocate(2_MiB)), OutOfMemory);
}

TEST_F(Async, failed_at_once_in_2_11) {
  AsyncAllocator old(device_, 1, PytorchRelease::v2_11);
  fragment(old);
  EXPECT_THROW(static_cast<void>(old.allocate(32_MiB)), OutOfMemory);
  EXPECT_EQ(old.statistics().reserved_bytes.all.current, mib(64)) << "nothing is trimmed";
  EXPECT_NE(old.allocate(2_MiB), 0u);
}

TEST_F(Async, takes_a_new_range_where_the_old_ones_have_no_room) {
  fragment(allocator_);
  allocator_.empty_cache();
  std::vector<Address> blocks;
  for (int i = 0; i < 3; ++i) {
    blocks.push_back(allocator_.allocate(32_MiB));
    allocator_.free(blocks.back());
    allocator_.empty_cache();
  }
  EXPECT_EQ(blocks[0], blocks[1]);
  EXPECT_EQ(reserved(), mib(32));
}

TEST(AsyncLimit, refuses_bytes_beyond_a_fraction_without_asking_the_device) {
  CountingSource device(1000);
  AsyncAllocator none(device, 0.0999);
  EXPECT_THROW(static_cast<void>(none.allocate(100)), OutOfMemory) << "99.9 bytes are 99";

  CountingSource larger(64_MiB);
  AsyncAllocator half(larger, 0.5);
  static_cast<void>(half.allocate(30_MiB));
  try {
    static_cast<void>(half.allocate(2_MiB + 1));
    FAIL() << "beyond the limit";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.limit, 32_MiB);
    EXPECT_EQ(error.device_free, 34_MiB);
  }
  EXPECT_EQ(larger.info().used, 30_MiB);
  EXPECT_NE(half.allocate(2_MiB), 0u);
}

TEST(AsyncMessage, has_one_size_a_line) {
  CountingSource device(64_MiB);
  AsyncAllocator allocator(device);
  static_cast<void>(allocator.allocate(60_MiB));
  try {
    static_cast<void>(allocator.allocate(5_MiB));
    FAIL() << "65 MiB of 64";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.message(),
              "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
              "Currently allocated: 60.00 MiB\n"
              "Requested: 5.00 MiB\n"
              "Device limit: 64.00 MiB\n"
              "Free (according to CUDA): 4.00 MiB\n"
              "PyTorch limit: 17179869184.00 GiB");
  }
}

TEST(AsyncSource, without_pages_is_refused) {
  struct NoPages final : SegmentSource {
    Address allocate(std::size_t) noexcept override { return 0; }
    void release(Address, std::size_t) noexcept override {}
    Info info() const noexcept override { return {1_GiB, 0}; }
  } source;
  EXPECT_THROW(AsyncAllocator{source}, UsageError);
}

TEST(AsyncTrace, keeps_every_block_apart_while_streams_are_held_and_leaves_nothing_behind) {
  for (const auto release : {PytorchRelease::v2_11, kNewest}) {
    testing::HeldStreams streams;
    CountingSource device(512_MiB);
    AsyncAllocator allocator(device, 1, release, streams);
    testing::RandomUser user(allocator, 7);
    for (int i = 0; i < 3000; ++i) {
      if (i % 100 == 0) streams.hold(i % 200 == 0);
      user.step();
      std::int64_t pages = 0;
      for (const SegmentSnapshot& run : allocator.snapshot()) {
        ASSERT_NO_FATAL_FAILURE(testing::expect_blocks_tile(run)) << "after event " << i;
        pages += static_cast<std::int64_t>(run.size);
      }
      ASSERT_EQ(pages, allocator.statistics().reserved_bytes.all.current) << "after event " << i;
      ASSERT_EQ(pages, static_cast<std::int64_t>(device.info().used)) << "after event " << i;
    }
    EXPECT_GT(user.out_of_memory(), 0u) << "the trace is too tame";
    user.free_all();
    allocator.empty_cache();
    EXPECT_EQ(device.info().used, 0u);
    EXPECT_TRUE(allocator.snapshot().empty());
  }
}

}  // namespace
}  // namespace memsweep
