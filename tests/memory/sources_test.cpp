// One suite for every device of segments and pages, then what is particular to each.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"
#include "harness/memory/sources/failing.h"
#include "harness/memory/sources/host_arena.h"
#include "harness/memory/sources/limited.h"

namespace memsweep {
namespace {

/// A limited source with a larger device below it, of which others use a part.
class LimitedDevice final : public SegmentSource {
 public:
  explicit LimitedDevice(std::size_t limit) : limited_(upstream_, limit) {}
  Address allocate(std::size_t bytes) noexcept override { return limited_.allocate(bytes); }
  void release(Address address, std::size_t bytes) noexcept override { limited_.release(address, bytes); }
  Info info() const noexcept override { return limited_.info(); }
  PageSource* pages() noexcept override { return limited_.pages(); }

 private:
  CountingSource upstream_{1_GiB, 6_MiB};
  LimitedSource limited_;
};

template <class Source>
class Sources : public ::testing::Test {
 protected:
  Source source_{64_MiB};
  Address first_ = 0;

  /// Addresses relative to the first segment, which lies at the lowest address.
  std::size_t offset(Address address) {
    if (first_ == 0) first_ = address;
    return address - first_;
  }
};

using Devices = ::testing::Types<CountingSource, HostArena, LimitedDevice>;
TYPED_TEST_SUITE(Sources, Devices);

TYPED_TEST(Sources, count_in_granules_of_2_MiB) {
  ASSERT_NE(this->source_.allocate(1), 0u);
  EXPECT_EQ(this->source_.info().used, 2_MiB);
  ASSERT_NE(this->source_.allocate(2_MiB + 1), 0u);
  EXPECT_EQ(this->source_.info().used, 6_MiB);
  EXPECT_EQ(this->source_.info().total, 64_MiB);
}

TYPED_TEST(Sources, refuse_what_exceeds_the_capacity_and_change_nothing) {
  ASSERT_NE(this->source_.allocate(62_MiB), 0u);
  EXPECT_EQ(this->source_.allocate(2_MiB + 1), 0u);
  EXPECT_EQ(this->source_.allocate(~std::size_t{0}), 0u);
  EXPECT_EQ(this->source_.info().used, 62_MiB);
  EXPECT_NE(this->source_.allocate(2_MiB), 0u);
}

TYPED_TEST(Sources, take_the_lowest_gap_that_is_large_enough) {
  const Address a = this->source_.allocate(4_MiB);
  const Address b = this->source_.allocate(2_MiB);
  const Address c = this->source_.allocate(6_MiB);
  const Address d = this->source_.allocate(2_MiB);
  EXPECT_EQ(this->offset(a), 0u);
  EXPECT_EQ(this->offset(b), 4_MiB);
  EXPECT_EQ(this->offset(c), 6_MiB);
  EXPECT_EQ(this->offset(d), 12_MiB);
  this->source_.release(a, 4_MiB);
  this->source_.release(c, 6_MiB);
  EXPECT_EQ(this->offset(this->source_.allocate(6_MiB)), 6_MiB);
  EXPECT_EQ(this->offset(this->source_.allocate(2_MiB)), 0u);
  this->source_.release(b, 2_MiB);
  EXPECT_EQ(this->offset(this->source_.allocate(4_MiB)), 2_MiB) << "neighbouring gaps are one";
}

TYPED_TEST(Sources, pages_draw_on_the_same_capacity_and_reservations_on_none) {
  PageSource& pages = *this->source_.pages();
  const Address range = pages.reserve(72_MiB);
  ASSERT_NE(range, 0u);
  EXPECT_EQ(this->source_.info().used, 0u);
  ASSERT_TRUE(pages.map(range, 20_MiB, 2));
  EXPECT_EQ(this->source_.info().used, 40_MiB);
  EXPECT_FALSE(pages.map(range + 40_MiB, 20_MiB, 2)) << "all pages or none";
  EXPECT_EQ(this->source_.info().used, 40_MiB);
  EXPECT_EQ(this->source_.allocate(26_MiB), 0u);
  pages.unmap(range + 20_MiB, 20_MiB, 1);
  EXPECT_NE(this->source_.allocate(26_MiB), 0u);
  pages.unmap(range, 20_MiB, 1);
  pages.unreserve(range, 72_MiB);
  EXPECT_EQ(pages.reserve(72_MiB), range);
}

TYPED_TEST(Sources, serve_the_caching_allocator_until_all_is_given_back) {
  for (const std::string settings : {"", "expandable_segments:True"}) {
    CachingAllocator allocator(this->source_, parse_settings(settings, PytorchRelease::v2_15));
    std::vector<Address> blocks;
    for (const std::size_t bytes : {100_KiB, 3_MiB, 12_MiB, 1_MiB})
      blocks.push_back(allocator.allocate(bytes));
    for (const Address block : blocks) allocator.free(block);
    allocator.empty_cache();
    EXPECT_EQ(this->source_.info().used, 0u) << settings;
  }
}

TEST(CountingSource, starts_with_what_others_use) {
  CountingSource source(64_MiB, 60_MiB);
  EXPECT_EQ(source.info().used, 60_MiB);
  EXPECT_EQ(source.allocate(6_MiB), 0u);
  EXPECT_NE(source.allocate(4_MiB), 0u);
}

TEST(CountingSource, has_no_room_for_a_last_half_granule) {
  CountingSource source(3_MiB);
  EXPECT_NE(source.allocate(1_MiB), 0u);
  EXPECT_EQ(source.allocate(1_MiB), 0u);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(HostArena, really_uses_host_memory_and_really_gives_it_back) {
  HostArena arena(128_MiB);
  const std::size_t before = resident_bytes();
  const auto expect_more_by = [before](std::size_t bytes) {
    constexpr std::size_t kNoise = 8_MiB;
    EXPECT_GT(resident_bytes() + kNoise, before + bytes);
    EXPECT_LT(resident_bytes(), before + bytes + kNoise);
  };
  const Address segment = arena.allocate(64_MiB);
  expect_more_by(64_MiB);
  const Address range = arena.reserve(64_MiB);
  ASSERT_TRUE(arena.map(range, 2_MiB, 32));
  expect_more_by(128_MiB);
  arena.release(segment, 64_MiB);
  expect_more_by(64_MiB);
  arena.unmap(range, 2_MiB, 32);
  expect_more_by(0);
}

TEST(HostArena, memory_can_be_written_and_is_zero_when_it_comes_back) {
  HostArena arena(8_MiB);
  const Address segment = arena.allocate(4_MiB);
  auto* bytes = reinterpret_cast<unsigned char*>(segment);
  std::memset(bytes, 0xAB, 4_MiB);
  arena.release(segment, 4_MiB);
  ASSERT_EQ(arena.allocate(4_MiB), segment);
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[4_MiB - 1], 0);
}

TEST(FailingSource, fails_the_nth_request_once_or_from_then_on) {
  CountingSource device(64_MiB);
  FailingSource once(device, 1, FailingSource::Mode::once);
  EXPECT_NE(once.allocate(1), 0u);
  EXPECT_EQ(once.allocate(1), 0u);
  EXPECT_NE(once.reserve(2_MiB), 0u);
  EXPECT_EQ(once.calls(), 3u);
  EXPECT_EQ(once.failures(), 1u);

  FailingSource for_ever(device, 1, FailingSource::Mode::for_ever);
  EXPECT_NE(for_ever.allocate(1), 0u);
  EXPECT_EQ(for_ever.allocate(1), 0u);
  EXPECT_EQ(for_ever.reserve(2_MiB), 0u);
  EXPECT_EQ(for_ever.failures(), 2u);
}

}  // namespace
}  // namespace memsweep
