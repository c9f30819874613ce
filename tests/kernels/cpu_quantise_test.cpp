#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

Tensor book(bool is_signed) { return run({Op::code_book, {is_signed ? 1.0 : 0.0}, {}})[0]; }

TEST(CpuQuantise, BooksAscendFromTheirSmallestToOne) {
  for (const bool is_signed : {false, true}) {
    const auto values = book(is_signed);
    const auto list = values.values();
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
    EXPECT_EQ(std::adjacent_find(list.begin(), list.end()), list.end());
    EXPECT_EQ(list.back(), 1.0f);
    EXPECT_EQ(std::count(list.begin(), list.end(), 0.0f), 1);
  }
}

/// The first code whose border to the next is a float.
std::size_t exact_border(std::span<const float> book) {
  std::size_t i = 0;
  const auto middle = [&] { return (static_cast<double>(book[i]) + static_cast<double>(book[i + 1])) / 2; };
  while (static_cast<double>(static_cast<float>(middle())) != middle()) ++i;
  return i;
}

TEST(CpuQuantise, EachValueGetsTheNearestCodeAndOfTwoTheSmaller) {
  const auto codes = book(true);
  const auto list = codes.values();
  const std::size_t tie = exact_border(list);
  const std::vector<float> x{1, list[200], (list[tie] + list[tie + 1]) / 2, 0, list[17], -1};
  const auto result = run({Op::quantise, {}, {Tensor({6}, x), codes}});
  const auto c = result[0].values<std::uint8_t>();
  EXPECT_EQ(result[1].values()[0], 1.0f);
  EXPECT_EQ(c[0], 255);
  EXPECT_EQ(c[1], 200);
  EXPECT_EQ(c[2], tie);
  EXPECT_EQ(list[c[3]], 0.0f);
  EXPECT_EQ(c[4], 17);
  EXPECT_EQ(c[5], 0);
}

TEST(CpuQuantise, BlocksHaveScalesOfTheirOwnAndZerosStayZero) {
  std::vector<float> x(600, 0.0f);
  x[3] = -2;
  x[599] = 1e-3f;
  const auto codes = book(true);
  const auto result = run({Op::quantise, {}, {Tensor({600}, x), codes}});
  expect_near(result[1].values(), {2, 0, static_cast<double>(1e-3f)}, 0);
  const auto back = run({Op::dequantise, {}, {result[0], result[1], codes}})[0];
  EXPECT_EQ(back.values()[599], 1e-3f);
  EXPECT_EQ(back.values()[300], 0.0f);
  EXPECT_NEAR(back.values()[3], -2, 2 * 0.008);
}

TEST(CpuQuantise, DecodedValuesAreWithinHalfTheWidestGap) {
  constexpr std::int64_t kMany = 2 * 16'384 + 5;  // more than one block of scales for each thread
  const auto both_signs = random_tensor({kMany}, 1), positive = random_tensor({kMany}, 1, 0.5f, 0.5f);
  for (const bool is_signed : {false, true}) {
    const auto& x = is_signed ? both_signs : positive;
    const auto codes = book(is_signed);
    const auto encoded = run({Op::quantise, {}, {x, codes}});
    const auto decoded = run({Op::dequantise, {}, {encoded[0], encoded[1], codes}})[0];
    expect_near(decoded.values(), doubles(x.values()), is_signed ? 0.0071 : 0.0036);
  }
}

}  // namespace
}  // namespace memsweep
