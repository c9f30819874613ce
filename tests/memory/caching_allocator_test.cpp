#include "harness/memory/caching_allocator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/sources/counting.h"
#include "tests/memory/held_streams.h"
#include "tests/memory/lagging_streams.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;

// ---- Patterns whose outcome was worked out by hand. Sizes in MiB.

class Patterns : public ::testing::Test {
 protected:
  Address allocate(double mib) { return allocator_.allocate(static_cast<std::size_t>(mib * 1_MiB)); }
  [[nodiscard]] double mib(const PoolStat& stat) const {
    return static_cast<double>(stat.all.current) / 1_MiB;
  }
  [[nodiscard]] double allocated() const { return mib(allocator_.statistics().allocated_bytes); }
  [[nodiscard]] double reserved() const { return mib(allocator_.statistics().reserved_bytes); }
  [[nodiscard]] std::int64_t segments() const { return allocator_.statistics().segment.all.current; }
  [[nodiscard]] double largest_free() const { return static_cast<double>(allocator_.largest_free()) / 1_MiB; }

  CountingSource device_{80_GiB};
  CachingAllocator allocator_{device_};
};

TEST_F(Patterns, growing_sizes_leave_a_segment_each) {
  for (int size = 20; size <= 38; size += 2) allocator_.free(allocate(size));
  EXPECT_EQ(allocated(), 0);
  EXPECT_EQ(allocator_.statistics().allocated_bytes.all.peak, static_cast<std::int64_t>(38_MiB));
  EXPECT_EQ(reserved(), 290);
  EXPECT_EQ(segments(), 10);
  EXPECT_EQ(largest_free(), 38);
}

TEST_F(Patterns, holes_do_not_serve_larger_blocks) {
  std::vector<Address> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(allocate(12));
  for (std::size_t i = 0; i < blocks.size(); i += 2) allocator_.free(blocks[i]);
  EXPECT_EQ(allocated(), 384);
  EXPECT_EQ(reserved(), 768);
  for (int i = 0; i < 8; ++i) (void)allocate(24);
  EXPECT_EQ(allocated(), 576);
  EXPECT_EQ(reserved(), 960);
  EXPECT_EQ(segments(), 72);
  EXPECT_EQ(largest_free(), 12);
}

TEST_F(Patterns, one_live_block_pins_its_segment) {
  std::vector<Address> blocks;
  for (int i = 0; i < 50; ++i) blocks.push_back(allocate(4));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 5 != 0) allocator_.free(blocks[i]);
  }
  allocator_.empty_cache();
  EXPECT_EQ(allocated(), 40);
  EXPECT_EQ(reserved(), 200);
  (void)allocate(18);
  EXPECT_EQ(allocated(), 58);
  EXPECT_EQ(reserved(), 218);
  EXPECT_EQ(segments(), 11);
  EXPECT_EQ(largest_free(), 16);
}

TEST_F(Patterns, a_small_block_can_cost_a_second_large_segment) {
  allocator_.free(allocate(512));
  (void)allocate(1.5);
  (void)allocate(512);
  EXPECT_EQ(allocated(), 513.5);
  EXPECT_EQ(reserved(), 1024);
  EXPECT_EQ(segments(), 2);
  EXPECT_EQ(largest_free(), 510.5);
}

// ---- Promises of the interface.

class Interface : public ::testing::Test {
 protected:
  CountingSource device_{100_MiB};
  CachingAllocator allocator_{device_};
};

TEST_F(Interface, nothing_is_asked_of_the_device_for_zero_bytes) {
  EXPECT_EQ(allocator_.allocate(0), 0u);
  allocator_.free(0);
  EXPECT_EQ(device_.info().used, 0u);
  EXPECT_EQ(allocator_.statistics().allocation.all.allocated, 0);
}

TEST_F(Interface, a_failed_request_carries_the_numbers_and_leaves_the_allocator_usable) {
  const Address block = allocator_.allocate(60_MiB);
  try {
    (void)allocator_.allocate(50_MiB + 1);
    FAIL() << "there was no room";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.requested, 50_MiB + 1);
    EXPECT_EQ(error.rounded, 50_MiB + 512);
    EXPECT_EQ(error.tried, 52_MiB);
    EXPECT_EQ(error.device_total, 100_MiB);
    EXPECT_EQ(error.device_free, 40_MiB);
    EXPECT_EQ(error.allocated, 60_MiB);
    EXPECT_EQ(error.reserved, 60_MiB);
    EXPECT_FALSE(error.limit);
    const std::string message = error.message();
    EXPECT_NE(message.find("Tried to allocate 52.00 MiB"), std::string::npos) << message;
    EXPECT_NE(message.find("total capacity of 100.00 MiB of which 40.00 MiB is free"), std::string::npos)
        << message;
  }
  allocator_.check();
  allocator_.free(block);
  EXPECT_NE(allocator_.allocate(50_MiB + 1), 0u);
}

TEST_F(Interface, sizes_that_no_device_has_are_refused_without_a_trace) {
  try {
    (void)allocator_.allocate(~std::size_t{0});
    FAIL() << "there was no room";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.cause, OutOfMemory::Cause::absurd);
  }
  EXPECT_EQ(allocator_.statistics().num_ooms, 0);
}

TEST_F(Interface, freeing_twice_or_inside_a_block_is_an_error) {
  const Address block = allocator_.allocate(1024);
  EXPECT_THROW(allocator_.free(block + 512), std::logic_error);
  allocator_.free(block);
  EXPECT_THROW(allocator_.free(block), std::logic_error);
  allocator_.check();
}

TEST_F(Interface, a_block_includes_its_rounding_and_the_rest_that_is_not_split_off) {
  EXPECT_EQ(allocator_.block_bytes(allocator_.allocate(1)), 512u);
  EXPECT_EQ(allocator_.block_bytes(allocator_.allocate(19_MiB + 1)), 20_MiB);
}

TEST_F(Interface, free_bytes_are_what_is_reserved_and_not_in_use) {
  const Address block = allocator_.allocate(30_MiB);
  (void)allocator_.allocate(5_MiB);
  EXPECT_EQ(allocator_.free_bytes(), 15_MiB);
  allocator_.free(block);
  EXPECT_EQ(allocator_.free_bytes(), 45_MiB);
  EXPECT_EQ(allocator_.largest_free(), 30_MiB);
}

TEST_F(Interface, destruction_gives_back_live_blocks_too) {
  for (const std::string settings : {"", "expandable_segments:True"}) {
    {
      CachingAllocator allocator(device_, parse_settings(settings, kNewest));
      const Address freed = allocator.allocate(30_MiB);
      (void)allocator.allocate(3_MiB);
      (void)allocator.allocate(100);
      allocator.free(freed);
      allocator.empty_cache();
      EXPECT_GT(device_.info().used, 0u);
    }
    EXPECT_EQ(device_.info().used, 0u) << settings;
  }
}

TEST_F(Interface, a_limit_refuses_what_the_device_would_give) {
  allocator_.set_memory_fraction(0.15);
  try {
    (void)allocator_.allocate(2_MiB);
    FAIL() << "the limit is 15 MiB, the segment 20 MiB";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.limit, 15_MiB);
    EXPECT_EQ(error.tried, 20_MiB);
  }
  allocator_.set_memory_fraction(1);
  EXPECT_NE(allocator_.allocate(2_MiB), 0u);
  EXPECT_THROW(allocator_.set_memory_fraction(1.5), UsageError);
}

TEST(OtherStreams, wait_once_however_often_they_used_a_block) {
  CountingSource device(1_GiB);
  testing::LaggingStreams streams;
  CachingAllocator allocator(device, {}, kNewest, streams);
  const Address block = allocator.allocate(512);
  for (int i = 0; i < 3; ++i) allocator.record_stream(block, 1);
  allocator.free(block);
  EXPECT_EQ(streams.recorded(), 1u);
}

TEST(CachingAllocator, a_shared_block_is_reused_only_when_the_other_stream_has_passed) {
  CountingSource device(100_MiB);
  testing::HeldStreams streams;
  CachingAllocator allocator(device, {}, kNewest, streams);
  streams.hold(true);
  const Address block = allocator.allocate(20_MiB);
  allocator.record_stream(block, 1);
  allocator.free(block);
  EXPECT_EQ(allocator.statistics().active_bytes.all.current, static_cast<std::int64_t>(20_MiB));
  EXPECT_NE(allocator.allocate(20_MiB), block);
  streams.hold(false);
  EXPECT_EQ(allocator.allocate(20_MiB), block);
  allocator.check();
}

// The layout does not depend on it, the peaks do.
TEST(CachingAllocator, of_two_streams_that_have_passed_the_one_created_later_is_looked_at_first) {
  CountingSource device(100_MiB);
  CachingAllocator allocator(device);
  const Address first = allocator.allocate(5_MiB);
  const Address second = allocator.allocate(5_MiB);
  allocator.record_stream(first, 1);
  allocator.record_stream(second, 2);
  allocator.free(first);
  allocator.free(second);
  (void)allocator.allocate(512);
  EXPECT_EQ(allocator.statistics().inactive_split.large_pool.peak, 1)
      << "the second block merges with the rest behind it before the first one comes free";
}

TEST(CachingAllocator, oversize_blocks_that_add_up_to_the_request_are_given_back_without_a_retry) {
  CountingSource device(128_MiB);
  CachingAllocator allocator(device, parse_settings("max_split_size_mb:40", kNewest));
  const Address a = allocator.allocate(64_MiB);
  const Address b = allocator.allocate(64_MiB);
  allocator.free(a);
  allocator.free(b);
  EXPECT_NE(allocator.allocate(128_MiB), 0u);
  EXPECT_EQ(allocator.statistics().num_alloc_retries, 0);
  EXPECT_EQ(allocator.statistics().num_device_free, 2);
}

// pytorch issue 189504: after everything was given back the free blocks are not searched again.
TEST(CachingAllocator, a_block_that_comes_free_during_the_last_attempt_serves_only_the_next_request) {
  CountingSource device(32_MiB);
  testing::HeldStreams streams;
  CachingAllocator allocator(device, {}, kNewest, streams);
  streams.hold(true);
  const Address block = allocator.allocate(5_MiB);
  const Address keeps_the_segment = allocator.allocate(10_MiB);
  allocator.record_stream(block, 1);
  allocator.free(block);
  EXPECT_THROW((void)allocator.allocate(5_MiB + 512), OutOfMemory);
  EXPECT_NE(allocator.allocate(5_MiB), 0u);
  allocator.free(keeps_the_segment);
  allocator.check();
}

TEST(CachingAllocator, takes_the_older_segment_first_since_2_13_and_the_lower_address_before) {
  for (const auto release : {PytorchRelease::v2_11, PytorchRelease::v2_13, PytorchRelease::v2_15}) {
    CountingSource device(200_MiB);
    CachingAllocator allocator(device, {}, release);
    const Address low = allocator.allocate(20_MiB);
    const Address old = allocator.allocate(20_MiB);
    allocator.free(low);
    allocator.empty_cache();
    const Address young = allocator.allocate(20_MiB);
    ASSERT_EQ(young, low);
    allocator.free(old);
    allocator.free(young);
    EXPECT_EQ(allocator.allocate(20_MiB), release == PytorchRelease::v2_11 ? low : old);
  }
}

TEST(CachingAllocator, lowering_max_split_size_over_split_blocks_is_refused_where_pytorch_breaks) {
  CountingSource device(100_MiB);
  CachingAllocator allocator(device);
  const Address whole = allocator.allocate(80_MiB);
  allocator.free(whole);
  (void)allocator.allocate(10_MiB);
  allocator.apply_settings("max_split_size_mb:20");
  EXPECT_THROW((void)allocator.allocate(60_MiB + 40_MiB), UsageError);
  allocator.check();
}

TEST(CachingAllocator, needs_pages_for_expandable_segments) {
  struct PlainSource : SegmentSource {
    Address allocate(std::size_t) noexcept override { return 0; }
    void release(Address, std::size_t) noexcept override {}
    Info info() const noexcept override { return {}; }
  } plain;
  EXPECT_THROW(CachingAllocator(plain, parse_settings("expandable_segments:True", kNewest)), UsageError);
  CachingAllocator allocator(plain);
  EXPECT_THROW(allocator.apply_settings("expandable_segments:True"), UsageError);
}

}  // namespace
}  // namespace memsweep
