// The numbers of an optimizer that change from step to step; t is the number of the step, from 1.
#pragma once

#include <cmath>
#include <cstdint>

namespace memsweep {

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

/// NAdam's momentum of step t (torch/optim/nadam.py).
[[nodiscard]] inline double scheduled_momentum(double beta1, double decay, std::int64_t t) {
  return beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * decay));
}

/// NAdam's step size for the momentum (`next`), or for the gradient.
[[nodiscard]] inline double nadam_rate(double lr, double beta1, double decay, bool next, std::int64_t t) {
  double momentum = 0, product = 1;
  for (std::int64_t step = 1; step <= t; ++step) {
    momentum = scheduled_momentum(beta1, decay, step);
    product *= momentum;
  }
  const double following = scheduled_momentum(beta1, decay, t + 1);
  return next ? lr * following / (1 - product * following) : lr * (1 - momentum) / (1 - product);
}

/// RAdam's rectification of the variance; 0 where the averaged past is too short for it to be tractable.
[[nodiscard]] inline double rectification(double beta2, std::int64_t t) {
  const double longest = 2 / (1 - beta2) - 1, missing = correction(beta2, t);
  const double length = longest - 2 * static_cast<double>(t) * (1 - missing) / missing;
  if (length <= 5) return 0;
  return std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
}

/// RAdam's factor of the momentum: -adaptive / (sqrt(v) + eps) - plain.
struct RadamRates {
  float adaptive, plain;

  RadamRates(double lr, double beta1, double beta2, std::int64_t t) {
    const double rate = lr / correction(beta1, t), rectified = rectification(beta2, t);
    adaptive = static_cast<float>(rate * rectified * std::sqrt(correction(beta2, t)));
    plain = static_cast<float>(rectified > 0 ? 0 : rate);
  }
};

/// RAdam's factor of the rectified step (`rectify`), or of the other one.
[[nodiscard]] inline double radam_scale_of(double beta2, bool rectify, std::int64_t t) {
  return rectify ? rectification(beta2, t) : std::sqrt(correction(beta2, t));
}

}  // namespace memsweep
