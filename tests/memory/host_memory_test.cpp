// The host's own memory runs out: each operator new of a trace fails once. The allocator's records must
// stay whole, and the device must get everything back.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"
#include "tests/memory/random_user.h"

namespace {

// Allocations of the host until one fails; 0: none does.
std::size_t host_countdown = 0;

}  // namespace

// Not inlined: the compiler would see malloc and new mixed.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (host_countdown > 0 && --host_countdown == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace memsweep {
namespace {

class HostMemory : public ::testing::TestWithParam<std::string> {};

TEST_P(HostMemory, running_out_at_any_point_breaks_and_leaks_nothing) {
  const AllocatorSettings settings = parse_settings(GetParam(), PytorchRelease::v2_15);
  std::size_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    CountingSource device(256_MiB);
    CachingAllocator allocator(device, settings);
    testing::RandomUser user(allocator, 3);
    host_countdown = nth;
    for (int i = 0; i < 200; ++i) {
      try {
        user.step();
      } catch (const std::bad_alloc&) {
        ASSERT_EQ(host_countdown, 0u);
      }
    }
    failed = std::exchange(host_countdown, 0) == 0;
    ASSERT_NO_THROW(allocator.check()) << "host allocation " << nth << " failed";
    user.free_all();
    allocator.empty_cache();
    ASSERT_NO_THROW(allocator.check());
    ASSERT_EQ(device.info().used, 0u) << "host allocation " << nth << " failed";
  }
  EXPECT_GT(nth, 100u) << "the trace is too tame";
}

INSTANTIATE_TEST_SUITE_P(Settings, HostMemory, ::testing::Values("", "expandable_segments:True"),
                         [](const auto& instance) {
                           return instance.param.empty() ? "default_settings" : "expandable";
                         });

}  // namespace
}  // namespace memsweep
