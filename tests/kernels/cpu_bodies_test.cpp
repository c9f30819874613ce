#include "kernels/cpu/bodies.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/kernels/examples.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr std::int64_t kRows = 513, kColumns = 129;  // odd, and more than one block for each thread

TEST(CpuBodies, EveryRowOfTheOpTableHasABodyAndAnExample) {
  std::set<Op> exercised;
  for (const auto& example : examples_of_every_op(2, 3)) exercised.insert(example.op);
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    EXPECT_NE(cpu_body(op), nullptr) << row_of(op).name;
    EXPECT_TRUE(exercised.contains(op)) << row_of(op).name;
  }
}

TEST(CpuBodies, ExamplesFillTheirRows) {
  for (const auto& example : examples_of_every_op(2, 3)) {
    const auto& row = row_of(example.op);
    EXPECT_EQ(example.attributes.size(), row.attributes.size()) << row.name;
    if (row.inputs >= 0) {
      EXPECT_EQ(example.inputs.size(), static_cast<std::size_t>(row.inputs)) << row.name;
    }
  }
}

void expect_same_bits(const Example& example, const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].same_bits(b[i])) << row_of(example.op).name << ", output " << i;
  }
}

TEST(CpuBodies, TheSameCallGivesTheSameBitsAgainAndAtOtherAddresses) {
  for (const auto& example : examples_of_every_op(kRows, kColumns)) {
    const auto once = run(example);
    for (int again = 0; again < 5; ++again) expect_same_bits(example, once, run(example));
    for (const std::size_t shift : {1, 3, 8}) expect_same_bits(example, once, run(example, shift));
  }
}

/// Whether it knows its state by where its results lie.
bool is_fused(Op op) {
  return op == Op::sgd_fused || op == Op::adam_fused || op == Op::lion_fused || op == Op::adam8bit_fused;
}

TEST(CpuBodies, AnUpdateInPlaceGivesWhatItGivesElsewhere) {
  for (const auto& example : examples_of_every_op(kRows, kColumns)) {
    if (is_fused(example.op)) continue;            // all of their state is in place, always
    if (example.op == Op::split_thirds) continue;  // it writes nothing
    Example elsewhere = example;
    elsewhere.in_place.clear();
    expect_same_bits(example, run(example), run(elsewhere));
  }
}

}  // namespace
}  // namespace memsweep
