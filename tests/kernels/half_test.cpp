#include "kernels/half.h"

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>

namespace memsweep {
namespace {

struct Format {
  std::string_view name;
  float (*widen)(std::uint16_t);
  std::uint16_t (*narrow)(float);
  int exponent_bits, fraction_bits;

  [[nodiscard]] std::uint16_t infinity() const {
    return static_cast<std::uint16_t>(((1 << exponent_bits) - 1) << fraction_bits);
  }
};

constexpr std::array kFormats{Format{"f16", f32_of_f16, f16_of_f32, 5, 10},
                              Format{"bf16", f32_of_bf16, bf16_of_f32, 8, 7}};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint16_t kSign = 0x8000;

/// A positive number by the definition of its format.
double by_definition(const Format& format, std::uint16_t half) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const int exponent = half >> format.fraction_bits, fraction = half & ((1 << format.fraction_bits) - 1);
  const int hidden = exponent == 0 ? 0 : 1 << format.fraction_bits;
  return std::ldexp(hidden + fraction, std::max(exponent, 1) - bias - format.fraction_bits);
}

TEST(Half, AllValuesAreThoseOfTheirDefinitionAndComeBack) {
  for (const Format& f : kFormats) {
    for (int i = 0; i < f.infinity(); ++i) {
      const auto half = static_cast<std::uint16_t>(i);
      ASSERT_EQ(static_cast<double>(f.widen(half)), by_definition(f, half)) << f.name << " " << i;
      ASSERT_EQ(f.widen(half | kSign), -f.widen(half)) << f.name << " " << i;
      ASSERT_EQ(f.narrow(f.widen(half)), half) << f.name;
      ASSERT_EQ(f.narrow(f.widen(half | kSign)), half | kSign) << f.name;
    }
  }
}

TEST(Half, InfinityAndNanStayWhatTheyAre) {
  for (const Format& f : kFormats) {
    EXPECT_EQ(f.widen(f.infinity()), kInfinity) << f.name;
    EXPECT_EQ(f.narrow(kInfinity), f.infinity()) << f.name;
    EXPECT_EQ(f.narrow(-kInfinity), f.infinity() | kSign) << f.name;
    for (int i = f.infinity() + 1; i < kSign; ++i) {
      const float nan = f.widen(static_cast<std::uint16_t>(i));
      ASSERT_TRUE(std::isnan(nan)) << f.name << " " << i;
      ASSERT_TRUE(std::isnan(f.widen(f.narrow(nan)))) << f.name << " " << i;
    }
    EXPECT_TRUE(std::isnan(f.widen(f.narrow(std::bit_cast<float>(0x7F800001U))))) << f.name;
  }
}

/// Between any two neighbours: the middle goes to the even one, all else to the nearer one. What lies beyond
/// the middle between the largest number and what would follow it is infinite.
TEST(Half, EveryMiddleIsATieAndItsNeighboursAreNot) {
  for (const Format& f : kFormats) {
    for (int i = 0; i < f.infinity(); ++i) {
      const auto low = static_cast<std::uint16_t>(i), high = static_cast<std::uint16_t>(i + 1);
      const double above = high == f.infinity() ? std::ldexp(1, 1 << (f.exponent_bits - 1)) : f.widen(high);
      const auto middle = static_cast<float>((f.widen(low) + above) / 2);
      const std::uint16_t even = i % 2 == 0 ? low : high;
      ASSERT_EQ(f.narrow(middle), even) << f.name << " " << i;
      ASSERT_EQ(f.narrow(-middle), even | kSign) << f.name << " " << i;
      ASSERT_EQ(f.narrow(std::nextafter(middle, 0.0F)), low) << f.name << " " << i;
      ASSERT_EQ(f.narrow(std::nextafter(middle, kInfinity)), high) << f.name << " " << i;
    }
  }
}

TEST(Half, SmallNumbersOfF32Vanish) {
  EXPECT_EQ(f16_of_f32(0x1p-25F), 0);
  EXPECT_EQ(f16_of_f32(std::nextafter(0x1p-25F, 1.0F)), 1);
  EXPECT_EQ(f16_of_f32(-std::numeric_limits<float>::denorm_min()), kSign);
  EXPECT_EQ(f16_of_f32(65504), 0x7BFF);
  EXPECT_EQ(f16_of_f32(65520), 0x7C00);
}

TEST(Tf32, KeepsTenBitsOfFractionAndRoundsTiesToTheEvenOne) {
  EXPECT_EQ(tf32_of_f32(1 + 0x1p-10F), 1 + 0x1p-10F);
  EXPECT_EQ(tf32_of_f32(1 + 0x1p-11F), 1);
  EXPECT_EQ(tf32_of_f32(1 + 3 * 0x1p-11F), 1 + 2 * 0x1p-10F);
  EXPECT_EQ(tf32_of_f32(-(1 + 0x1p-11F + 0x1p-23F)), -(1 + 0x1p-10F));
  EXPECT_EQ(tf32_of_f32(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(tf32_of_f32(std::bit_cast<float>(0x7F800001U))));
}

}  // namespace
}  // namespace memsweep
