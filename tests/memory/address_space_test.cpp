// First fit in an address space, against a plain search between the ranges that are taken.
#include "harness/memory/sources/address_space.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>

namespace memsweep {
namespace {

constexpr Address kBase = 1000, kLimit = 1200;

/// Ranges that are taken, by address.
using Taken = std::map<Address, std::size_t>;

/// The lowest address with that many free bytes; 0: there is none.
Address first_fit(const Taken& taken, std::size_t bytes) {
  Address begin = kBase;
  for (const auto& [address, size] : taken) {
    if (address - begin >= bytes) return begin;
    begin = address + size;
  }
  return kLimit - begin >= bytes ? begin : 0;
}

TEST(AddressSpace, takes_the_lowest_gap_that_is_large_enough) {
  std::mt19937 random(1);
  AddressSpace space(kBase, kLimit);
  Taken taken;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (random() % 2 == 0 && !taken.empty()) {
      const auto range = std::next(taken.begin(), static_cast<std::ptrdiff_t>(random() % taken.size()));
      space.give_back(range->first, range->second);
      taken.erase(range);
      continue;
    }
    const std::size_t bytes = 1 + random() % 30;
    const Address address = space.take(bytes);
    ASSERT_EQ(address, first_fit(taken, bytes)) << "operation " << i;
    if (address == 0) {
      ++refused;
    } else {
      taken[address] = bytes;
    }
  }
  EXPECT_GT(refused, 100) << "the space is never full";
  for (const auto& [address, size] : taken) space.give_back(address, size);
  EXPECT_EQ(space.take(kLimit - kBase), kBase);
}

}  // namespace
}  // namespace memsweep
