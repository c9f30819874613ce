// What the allocator takes of the host's own memory, and what happens when that runs out.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/make_allocator.h"
#include "harness/memory/sources/counting.h"
#include "tests/memory/consistency.h"
#include "tests/memory/host_bytes.h"
#include "tests/memory/host_heap.h"
#include "tests/memory/lagging_streams.h"
#include "tests/memory/random_sizes.h"
#include "tests/memory/random_user.h"

namespace memsweep {
namespace {

using testing::host_heap;

class HostMemory : public ::testing::TestWithParam<std::string> {
 protected:
  /// A device, lagging streams and the allocator over them.
  struct Fixture {
    explicit Fixture(std::size_t bytes) : device(bytes) {}
    CountingSource device;
    testing::LaggingStreams streams;
    CachingAllocator allocator{device, parse_settings(GetParam(), PytorchRelease::v2_15),
                               PytorchRelease::v2_15, streams};
  };
};

// Each operator new fails once. The records must stay whole, and the device must get everything back.
TEST_P(HostMemory, running_out_at_any_point_breaks_and_leaks_nothing) {
  std::size_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    Fixture fixture(256_MiB);
    auto& [device, streams, allocator] = fixture;
    testing::RandomUser user(allocator, 3);
    host_heap.countdown = nth;
    for (int i = 0; i < 200; ++i) {
      try {
        user.step();
      } catch (const std::bad_alloc&) {
        ASSERT_EQ(host_heap.countdown, 0u);
      }
    }
    failed = std::exchange(host_heap.countdown, 0) == 0;
    ASSERT_NO_THROW(allocator.check()) << "host allocation " << nth << " failed";
    user.free_all();
    allocator.empty_cache();
    ASSERT_NO_THROW(allocator.check());
    ASSERT_EQ(device.info().used, 0u) << "host allocation " << nth << " failed";
  }
  EXPECT_GT(nth, 50u) << "the trace is too tame";
}

TEST_P(HostMemory, running_out_at_a_use_by_another_stream_leaves_no_trace_of_it) {
  std::size_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    Fixture fixture(256_MiB);
    auto& [device, streams, allocator] = fixture;
    const Address block = allocator.allocate(512);
    host_heap.countdown = nth;
    failed = false;
    try {
      allocator.record_stream(block, 1);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    host_heap.countdown = 0;
    ASSERT_NO_THROW(allocator.check()) << "host allocation " << nth << " failed";
    allocator.free(block);
    ASSERT_NO_THROW(allocator.check()) << "host allocation " << nth << " failed";
    EXPECT_EQ(allocator.statistics().active.all.current, failed ? 0 : 1);
  }
  EXPECT_GT(nth, 2u) << "nothing failed";
}

TEST_P(HostMemory, is_not_asked_for_once_a_step_was_seen) {
  CountingSource device(64_GiB);
  CachingAllocator allocator(device, parse_settings(GetParam(), PytorchRelease::v2_15));
  std::vector<Address> blocks(2000);
  const auto step = [&] {
    testing::RandomSizes size;
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = allocator.allocate(size(), i % 3);
    for (std::size_t i = 0; i < blocks.size(); i += 2) allocator.free(blocks[i]);
    for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i] = allocator.allocate(size(), i % 3);
    for (const Address block : blocks) allocator.free(block);
  };
  for (int i = 0; i < 10; ++i) step();
  const std::int64_t device_calls = allocator.statistics().num_device_alloc;
  const std::size_t allocations = host_heap.allocations;
  for (int i = 0; i < 10; ++i) step();
  ASSERT_EQ(allocator.statistics().num_device_alloc, device_calls) << "the cache does not serve this step";
  EXPECT_EQ(host_heap.allocations, allocations);
}

TEST_P(HostMemory, is_not_asked_for_once_a_random_trace_on_several_streams_was_seen) {
  Fixture fixture(64_GiB);
  auto& [device, streams, allocator] = fixture;
  std::vector<Address> blocks(500);
  const auto trace = [&] {
    testing::RandomSizes size;
    std::mt19937_64 random(1);
    const auto pick = [&](std::size_t below) { return random() % below; };
    for (int i = 0; i < 5000; ++i) {
      Address& block = blocks[pick(blocks.size())];
      if (block != 0 && pick(2) == 0) {
        allocator.record_stream(block, pick(4));
      } else {
        allocator.free(block);
        block = allocator.allocate(size(), pick(3));
      }
      if (i == 2500) allocator.empty_cache();
    }
    for (Address& block : blocks) allocator.free(std::exchange(block, 0));
  };
  for (int i = 0; i < 5; ++i) trace();
  ASSERT_GT(streams.recorded(), 1000u) << "the trace is too tame";
  ASSERT_GT(allocator.statistics().active.all.current, 0) << "no block waits for a stream";
  const std::size_t allocations = host_heap.allocations;
  for (int i = 0; i < 5; ++i) trace();
  EXPECT_EQ(host_heap.allocations, allocations);
  EXPECT_NO_THROW(allocator.check());
}

TEST(HostMemoryPerBlock, is_at_most_128_bytes_for_equal_blocks) {
  EXPECT_LE(testing::host_bytes_per_block([] { return 512; }), 128);
}

TEST(HostMemoryPerBlock, is_at_most_128_bytes_for_blocks_of_many_sizes) {
  EXPECT_LE(testing::host_bytes_per_block(testing::RandomSizes{}), 128);
}

TEST(HostMemoryPerBlock, is_at_most_128_bytes_where_few_blocks_share_a_segment) {
  EXPECT_LE(testing::host_bytes_per_block(testing::RandomSmallSizes{}), 128);
}

INSTANTIATE_TEST_SUITE_P(Settings, HostMemory, ::testing::Values("", "expandable_segments:True"),
                         [](const auto& instance) {
                           return instance.param.empty() ? "default_settings" : "expandable";
                         });

class HostMemoryOfBackend : public ::testing::TestWithParam<std::string> {};

TEST_P(HostMemoryOfBackend, running_out_at_any_point_breaks_and_leaks_nothing) {
  const AllocatorSettings settings = parse_settings("backend:" + GetParam(), PytorchRelease::v2_15);
  std::size_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    CountingSource device(256_MiB);
    const auto allocator = make_allocator(device, settings, PytorchRelease::v2_15);
    testing::RandomUser user(*allocator, 3);
    host_heap.countdown = nth;
    for (int i = 0; i < 200; ++i) {
      try {
        user.step();
      } catch (const std::bad_alloc&) {
        ASSERT_EQ(host_heap.countdown, 0u);
      }
    }
    failed = std::exchange(host_heap.countdown, 0) == 0;
    ASSERT_NO_FATAL_FAILURE(testing::expect_consistent(*allocator)) << "host allocation " << nth << " failed";
    user.free_all();
    allocator->empty_cache();
    ASSERT_NO_FATAL_FAILURE(testing::expect_consistent(*allocator));
    ASSERT_EQ(device.info().used, 0u) << "host allocation " << nth << " failed";
  }
  EXPECT_GT(nth, 50u) << "the trace is too tame";
}

INSTANTIATE_TEST_SUITE_P(Backends, HostMemoryOfBackend,
                         ::testing::Values("native", "cudaMallocAsync", "direct"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace memsweep
