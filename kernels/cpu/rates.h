// The numbers of an optimizer that change from step to step; t is the number of the step, from 1.
#pragma once

#include <cmath>
#include <cstdint>

namespace memsweep::cpu {

/// 1 - beta^t: what is missing of a moving average that started from 0.
[[nodiscard]] inline double correction(double beta, std::int64_t t) {
  return 1 - std::pow(beta, static_cast<double>(t));
}

/// The root of the correction, as Adam's denominators take it.
[[nodiscard]] inline float root_correction(double beta2, std::int64_t t) {
  return static_cast<float>(std::sqrt(correction(beta2, t)));
}

/// Adam's step size.
[[nodiscard]] inline float corrected_rate(double lr, double beta1, std::int64_t t) {
  return static_cast<float>(lr / correction(beta1, t));
}

/// A rate that falls as Adagrad's.
[[nodiscard]] inline double decayed_rate(double lr, double decay, std::int64_t t) {
  return lr / (1 + static_cast<double>(t - 1) * decay);
}

}  // namespace memsweep::cpu
