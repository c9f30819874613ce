// The two 16-bit floating-point types, converted exactly: to f32 and back to the nearest value, ties to the
// even one. Without branches, so that loops over them become vectors.
#pragma once

#include <bit>
#include <cstdint>

namespace memsweep {

/// IEEE binary16: 5 bits of exponent, 10 of fraction.
[[nodiscard]] constexpr float f32_of_f16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16, rest = half & 0x7FFFU;
  const std::uint32_t rebias = rest >= 0x7C00U ? 224U << 23 : 112U << 23;  // of infinity and NaN; of numbers
  const std::uint32_t normal = (rest << 13) + rebias;
  const auto subnormal =
      std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(rest)) * 0x1p-24F);
  return std::bit_cast<float>(sign | (rest < 0x0400U ? subnormal : normal));
}

/// From 65520 on it is infinity; the smallest number is 2^-24.
[[nodiscard]] constexpr std::uint16_t f16_of_f32(float value) {
  constexpr std::uint32_t kLeastNormal = 0x38800000, kFirstInfinity = 0x477FF000, kInfinity = 0x7F800000;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U, rest = bits & 0x7FFFFFFFU;
  const std::uint32_t normal = (rest + 0xFFFU + ((rest >> 13) & 1U) - (112U << 23)) >> 13;
  // Where f32 has steps of 2^-24 addition rounds to them.
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest) + 0.5F) - 0x3F000000U;
  const std::uint32_t finite = rest < kLeastNormal ? subnormal : normal;
  const std::uint32_t beyond = rest > kInfinity ? 0x7E00U : 0x7C00U;
  return static_cast<std::uint16_t>(sign | (rest >= kFirstInfinity ? beyond : finite));
}

/// The upper half of an f32: 8 bits of exponent, 7 of fraction.
[[nodiscard]] constexpr float f32_of_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

[[nodiscard]] constexpr std::uint16_t bf16_of_f32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40U : rounded);
}

/// An f32 with the 10 bits of fraction that a TF32 product reads.
[[nodiscard]] constexpr float tf32_of_f32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool finite = (bits & 0x7F800000U) != 0x7F800000U;
  const std::uint32_t rounded = (bits + 0xFFFU + ((bits >> 13) & 1U)) & ~0x1FFFU;
  return std::bit_cast<float>(finite ? rounded : bits);
}

}  // namespace memsweep
