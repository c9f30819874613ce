// exp, tanh, the logistic function and the normal distribution for f32, without tables or branches, so that a
// loop over them becomes vectors. Polynomials are own minimax fits (Remez exchange, relative error; the fit's
// own error stands beside each); reduction of the argument after Cody and Waite. NaN in, NaN out.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace memsweep::cpu {

/// x <= low ? low : x >= high ? high : x, and NaN stays NaN.
inline float clamp(float x, float low, float high) {
  const float raised = x < low ? low : x;
  return raised > high ? high : raised;
}

/// e^x = two_n * (1 + tail), with tail small: what exp and expm1 share. x in [-88, 89].
struct ScaledExp {
  float two_n;
  float tail;
};
inline ScaledExp scaled_exp(float x) {
  constexpr float kLog2E = 1.44269502f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRoundToInteger = 0x1.8p23f;  // x + this - this: the nearest integer, left in the low bits
  const float shifted = x * kLog2E + kRoundToInteger;
  const float n = shifted - kRoundToInteger;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  // (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2: 1.3e-7.
  const float p = 0.5f + r * (0.166665748f + r * (0.0416668579f + r * (0.0083634397f + r * 0.00139014143f)));
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) + 127;
  return {std::bit_cast<float>(exponent << 23), r + r * r * p};
}

/// 2 ulp; 0 below -87.7 and infinity above 88.3 (near the ends of f32).
inline float exp(float x) {
  const auto [two_n, tail] = scaled_exp(clamp(x, -88.0f, 89.0f));
  return two_n * (1 + tail);
}

/// 3 ulp.
inline float tanh(float x) {
  constexpr float kSaturated = 10.0f;  // 1 - tanh(10) is 4e-9
  const auto [two_n, tail] = scaled_exp(2 * clamp(std::fabs(x), 0.0f, kSaturated));
  const float expm1 = two_n * tail + (two_n - 1);
  return std::copysign(expm1 / (expm1 + 2), x);
}

/// 1 / (1 + e^-x), 3 ulp.
inline float sigmoid(float x) { return 1 / (1 + exp(-x)); }

/// sigmoid(x) and sigmoid(-x), neither lost where the other is near 1. |x| <= 80.
struct Gate {
  float open;
  float shut;
};
inline Gate gate(float x) {
  const float e = exp(-x);
  const float open = 1 / (1 + e);
  return {open, e * open};
}

/// The standard normal distribution at x: density and lower tail.
struct Normal {
  float density;
  float below;
};
/// 2e-7 absolute, and 1e-6 of the tail itself while |x| < 5.
inline Normal normal(float x) {
  constexpr float kInverseSqrtTwoPi = 0.398942292f;
  const float a = std::fabs(x);
  const float bell = exp(-0.5f * a * a);
  // P(X < -a) = e^(-a^2 / 2) t S(t) on 0 <= a <= 14: 3.2e-8; farther out the bell is 0.
  const float t = 1 / (1 + 0.35f * a);
  const float s = 0.139621407f +
                  t * (0.139861867f +
                       t * (0.119832888f +
                            t * (0.105507918f +
                                 t * (-0.0231095869f +
                                      t * (0.159173742f +
                                           t * (-0.25571382f + t * (0.143971473f + t * -0.0291458778f)))))));
  const float tail = bell * (t * s);
  return {bell * kInverseSqrtTwoPi, x < 0 ? tail : 1 - tail};
}

}  // namespace memsweep::cpu
