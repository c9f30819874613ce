#include "harness/memory/ordered_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "harness/memory/free_set.h"

namespace memsweep {
namespace {

struct Number {
  explicit Number(int number, std::uint32_t drawn) : value(number), priority(drawn) {}
  int value;
  std::uint32_t priority;
  SetLinks<Number> links;
};
struct ByValue {
  bool operator()(const Number& a, const Number& b) const noexcept { return a.value < b.value; }
};

TEST(OrderedSet, is_in_order_and_searchable_after_any_insertions_and_erasures) {
  std::mt19937 random(1);
  std::vector<Number> numbers;
  for (int value = 0; value < 200; ++value) numbers.emplace_back(value, static_cast<std::uint32_t>(random()));
  OrderedSet<Number, ByValue> set;
  std::set<int> expected;
  for (int i = 0; i < 5000; ++i) {
    Number& number = numbers[random() % numbers.size()];
    if (expected.insert(number.value).second) {
      set.insert(number);
    } else {
      expected.erase(number.value);
      set.erase(number);
    }
    std::vector<int> values;
    for (const Number& item : set) values.push_back(item.value);
    ASSERT_TRUE(std::equal(values.begin(), values.end(), expected.begin(), expected.end()));
    const int wanted = static_cast<int>(random() % numbers.size());
    const auto bound = expected.lower_bound(wanted);
    const Number* found = set.first_not([wanted](const Number& item) { return item.value < wanted; });
    ASSERT_EQ(found == nullptr, bound == expected.end());
    if (found == nullptr) continue;
    ASSERT_EQ(found->value, *bound);
    const Number* before = set.prev(*found);
    ASSERT_EQ(before == nullptr ? -1 : before->value, bound == expected.begin() ? -1 : *std::prev(bound));
  }
}

TEST(FreeSet, finds_the_smallest_block_that_is_large_enough_across_classes_of_size) {
  std::mt19937_64 random(1);
  std::vector<Block> blocks(300);
  Segment segment;
  FreeSet free;
  std::set<std::size_t> sizes;
  EXPECT_EQ(free.best_fit(512), nullptr);
  for (Block& block : blocks) {
    block.size = (random() >> (10 + random() % 54)) * kMinBlock + kMinBlock;  // up to 2^63
    block.segment = &segment;
    block.priority = static_cast<std::uint32_t>(random());
    if (sizes.insert(block.size).second) free.insert(block);
  }
  std::vector<std::size_t> in_order;
  for (const Block* block = free.first(); block != nullptr; block = free.next(*block)) {
    in_order.push_back(block->size);
    const std::size_t above = block->size + kMinBlock;
    const Block* larger = free.best_fit(above);
    const auto bound = sizes.lower_bound(above);
    ASSERT_EQ(larger == nullptr ? 0 : larger->size, bound == sizes.end() ? 0 : *bound);
  }
  EXPECT_TRUE(std::equal(in_order.begin(), in_order.end(), sizes.begin(), sizes.end()));
  std::vector<std::size_t> backwards;
  for (const Block* block = free.last(); block != nullptr; block = free.prev(*block)) {
    backwards.push_back(block->size);
  }
  EXPECT_TRUE(std::equal(backwards.begin(), backwards.end(), sizes.rbegin(), sizes.rend()));
}

}  // namespace
}  // namespace memsweep
