// One suite for every allocator: what an Allocator promises, whatever decides its addresses.
#include "harness/memory/allocator.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/make_allocator.h"
#include "harness/memory/sources/counting.h"
#include "harness/memory/sources/failing.h"
#include "harness/memory/sources/host_arena.h"
#include "tests/golden.h"
#include "tests/memory/consistency.h"
#include "tests/memory/random_user.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;

class Allocators : public ::testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Allocator> make(SegmentSource& source) {
    return make_allocator(source, parse_settings(GetParam(), kNewest), kNewest);
  }

  CountingSource device_{512_MiB};
  std::unique_ptr<Allocator> allocator_ = make(device_);
};

INSTANTIATE_TEST_SUITE_P(Memory, Allocators,
                         ::testing::Values("backend:native", "expandable_segments:True",
                                           "backend:cudaMallocAsync", "backend:direct"),
                         [](const auto& instance) { return testing::test_name(instance.param); });

TEST_P(Allocators, give_no_address_for_no_bytes_and_take_it_back) {
  EXPECT_EQ(allocator_->allocate(0), 0u);
  EXPECT_NO_THROW(allocator_->free(0));
  EXPECT_EQ(device_.info().used, 0u);
}

TEST_P(Allocators, align_every_block_to_512_bytes) {
  for (const std::size_t bytes : {1_KiB, 1_MiB, 1_MiB + 1, 3_MiB, 10_MiB - 1, 12_MiB}) {
    for (const std::size_t odd : {std::size_t{1}, std::size_t{511}, bytes}) {
      const Address address = allocator_->allocate(odd);
      EXPECT_NE(address, 0u);
      EXPECT_EQ(address % 512, 0u) << odd;
      EXPECT_GE(allocator_->block_bytes(address), odd);
    }
  }
}

TEST_P(Allocators, refuse_an_address_that_is_no_live_block) {
  const Address live = allocator_->allocate(4_KiB);
  const Address freed = allocator_->allocate(4_KiB);
  allocator_->free(freed);
  for (const Address address : {live + 512, freed, Address{12345}}) {
    EXPECT_THROW(allocator_->free(address), std::logic_error);
    EXPECT_THROW(allocator_->record_stream(address, 1), std::logic_error);
    EXPECT_THROW(static_cast<void>(allocator_->block_bytes(address)), std::logic_error);
  }
  EXPECT_NO_THROW(allocator_->free(live));
}

TEST_P(Allocators, tell_what_stood_when_a_request_was_refused) {
  static_cast<void>(allocator_->allocate(300_MiB));
  try {
    static_cast<void>(allocator_->allocate(300_MiB));
    FAIL() << "600 MiB of 512";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.cause, OutOfMemory::Cause::exhausted);
    EXPECT_EQ(error.requested, 300_MiB);
    EXPECT_EQ(error.rounded, 300_MiB);
    EXPECT_EQ(error.tried, 300_MiB);
    EXPECT_EQ(error.device_total, 512_MiB);
    EXPECT_EQ(error.device_free, 512_MiB - error.reserved);
    EXPECT_EQ(error.allocated, 300_MiB);
    EXPECT_GE(error.reserved, 300_MiB);
    EXPECT_FALSE(error.limit);
    EXPECT_NE(error.message().find("300.00 MiB"), std::string::npos);
  }
  EXPECT_NE(allocator_->allocate(100_MiB), 0u) << "and go on working";
}

TEST_P(Allocators, refuse_absurd_requests_at_once) {
  const auto expect_absurd = [&](std::size_t bytes) {
    try {
      static_cast<void>(allocator_->allocate(bytes));
      FAIL() << bytes;
    } catch (const OutOfMemory& error) {
      EXPECT_EQ(error.cause, OutOfMemory::Cause::absurd);
      EXPECT_EQ(error.requested, bytes);
    }
  };
  expect_absurd(std::size_t{1} << 60);
  expect_absurd(~std::size_t{0});
  EXPECT_EQ(allocator_->statistics().num_ooms, 0);
}

TEST_P(Allocators, give_all_back_when_the_cache_is_emptied) {
  testing::RandomUser user(*allocator_, 2);
  for (int i = 0; i < 200; ++i) user.step();
  user.free_all();
  allocator_->empty_cache();
  EXPECT_EQ(device_.info().used, 0u);
  EXPECT_EQ(allocator_->statistics().reserved_bytes.all.current, 0);
}

TEST_P(Allocators, give_all_back_at_their_end_and_live_blocks_too) {
  testing::RandomUser user(*allocator_, 4);
  for (int i = 0; i < 300; ++i) user.step();
  EXPECT_GT(device_.info().used, 0u);
  allocator_.reset();
  EXPECT_EQ(device_.info().used, 0u);
}

TEST_P(Allocators, count_what_their_snapshot_shows) {
  testing::RandomUser user(*allocator_, 5);
  for (int i = 0; i < 2000; ++i) {
    user.step();
    ASSERT_NO_FATAL_FAILURE(testing::expect_consistent(*allocator_)) << "after event " << i;
    ASSERT_GE(device_.info().used,
              static_cast<std::size_t>(allocator_->statistics().reserved_bytes.all.current));
  }
  EXPECT_GT(user.out_of_memory(), 0u) << "the trace is too tame";
}

TEST_P(Allocators, let_peaks_start_again_from_what_is_there) {
  const Address large = allocator_->allocate(64_MiB);
  const Address small = allocator_->allocate(1_MiB);
  allocator_->free(large);
  const PoolStat& allocated = allocator_->statistics().allocated_bytes;
  EXPECT_EQ(allocated.all.peak, static_cast<std::int64_t>(65_MiB));
  allocator_->reset_peaks();
  EXPECT_EQ(allocated.all.peak, static_cast<std::int64_t>(1_MiB));
  allocator_->free(small);
}

TEST_P(Allocators, recover_from_every_request_that_the_device_fails_once_or_for_ever) {
  for (const auto mode : {FailingSource::Mode::once, FailingSource::Mode::for_ever}) {
    std::size_t nth = 0;
    for (bool failed = true; failed; ++nth) {
      CountingSource device(16_GiB);
      FailingSource failing(device, nth, mode);
      {
        const auto allocator = make(failing);
        testing::RandomUser user(*allocator, 11);
        for (int i = 0; i < 200; ++i) user.step();
        ASSERT_NO_FATAL_FAILURE(testing::expect_consistent(*allocator)) << "request " << nth << " failed";
      }
      failed = failing.failures() > 0;
      ASSERT_EQ(device.info().used, 0u) << "request " << nth << " failed";
    }
    EXPECT_GT(nth, 10u) << "the trace is too tame";
  }
}

/// Fills blocks with a pattern of their own and looks after it.
class Writer {
 public:
  void wrote(Address address, std::size_t bytes, std::uint8_t pattern) {
    std::memset(reinterpret_cast<void*>(address), pattern, bytes);
    blocks_[address] = {bytes, pattern};
  }
  [[nodiscard]] bool intact(Address address) const {
    const auto [bytes, pattern] = blocks_.at(address);
    const auto* begin = reinterpret_cast<const std::uint8_t*>(address);
    return std::all_of(begin, begin + bytes, [p = pattern](std::uint8_t byte) { return byte == p; });
  }
  void forget(Address address) { blocks_.erase(address); }
  [[nodiscard]] Address pick(std::size_t dice) const {
    return std::next(blocks_.begin(), static_cast<std::ptrdiff_t>(dice % blocks_.size()))->first;
  }
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }

 private:
  std::map<Address, std::pair<std::size_t, std::uint8_t>> blocks_;
};

TEST_P(Allocators, never_give_one_byte_to_two_blocks) {
  HostArena arena(48_MiB);
  const auto allocator = make(arena);
  Writer writer;
  std::mt19937_64 random(6);
  std::size_t refused = 0;
  for (int i = 0; i < 1500; ++i) {
    if (writer.size() < 3 || random() % 100 < 54) {
      const std::size_t bytes = std::size_t{1} << (random() % 23);
      try {
        writer.wrote(allocator->allocate(bytes, random() % 2), bytes, static_cast<std::uint8_t>(random()));
      } catch (const OutOfMemory&) {
        ++refused;
      }
    } else {
      const Address address = writer.pick(random());
      ASSERT_TRUE(writer.intact(address)) << "event " << i;
      writer.forget(address);
      allocator->free(address);
    }
  }
  EXPECT_GT(refused, 0u) << "the trace is too tame";
}

}  // namespace
}  // namespace memsweep
