// The numbers of whole steps of optimizers, as their attributes and the number of the step give them.
#pragma once

#include "kernels/op.h"
#include "kernels/rates.h"

namespace memsweep {

/// gradient = direction * g + pull * p; buffer = momentum * buffer + fresh * gradient, without the first part
/// in the `first` step; p -= lr * (ahead * gradient + along * buffer).
struct SgdNumbers {
  float lr, pull, direction, momentum, fresh, ahead, along;
  bool first;

  explicit SgdNumbers(const OpCall& call) {
    const auto [given_lr, given_momentum, dampening, nesterov, weight_decay, maximize] = call.numbers<6>();
    first = call.inputs.size() == 2;
    lr = static_cast<float>(given_lr);
    pull = static_cast<float>(weight_decay);
    direction = maximize != 0 ? -1 : 1;
    momentum = static_cast<float>(given_momentum);
    fresh = static_cast<float>(first ? 1 : 1 - dampening);
    ahead = nesterov != 0 ? 1 : 0;
    along = nesterov != 0 ? momentum : 1;
  }
};

/// gradient = direction * g + pull * p; m = b1 * m + rest1 * gradient; v = b2 * v + rest2 * gradient^2;
/// p = keep * p - rate * m / (sqrt(v or the largest v) / correction + eps).
struct AdamNumbers {
  float rate, correction, eps, direction = 1, keep, pull = 0, b1, rest1, b2, rest2;

  AdamNumbers(double lr, double beta1, double beta2, double given_eps, double decoupled_decay, std::int64_t t)
      : rate(corrected_rate(lr, beta1, t)),
        correction(root_correction(beta2, t)),
        eps(static_cast<float>(given_eps)),
        keep(static_cast<float>(1 - lr * decoupled_decay)),
        b1(static_cast<float>(beta1)),
        rest1(static_cast<float>(1 - beta1)),
        b2(static_cast<float>(beta2)),
        rest2(static_cast<float>(1 - beta2)) {}

  /// Of Op::adam_fused.
  static AdamNumbers of_adam(const OpCall& call) {
    const auto [lr, beta1, beta2, eps, weight_decay, amsgrad, decoupled, maximize] = call.numbers<8>();
    AdamNumbers numbers(lr, beta1, beta2, eps, decoupled != 0 ? weight_decay : 0, call.step);
    numbers.direction = maximize != 0 ? -1 : 1;
    numbers.pull = decoupled != 0 ? 0 : static_cast<float>(weight_decay);
    return numbers;
  }

  /// Of Op::adam8bit_fused, whose decay is decoupled.
  static AdamNumbers of_adam8bit(const OpCall& call) {
    const auto [lr, beta1, beta2, eps, weight_decay] = call.numbers<5>();
    return {lr, beta1, beta2, eps, weight_decay, call.step};
  }
};

/// p = keep * p - rate * sign(b1 * m + rest1 * g); m = b2 * m + rest2 * g.
struct LionNumbers {
  float rate, keep, b1, rest1, b2, rest2;

  explicit LionNumbers(const OpCall& call) {
    const auto [lr, beta1, beta2, weight_decay] = call.numbers<4>();
    rate = static_cast<float>(lr);
    keep = static_cast<float>(1 - lr * weight_decay);
    b1 = static_cast<float>(beta1);
    rest1 = static_cast<float>(1 - beta1);
    b2 = static_cast<float>(beta2);
    rest2 = static_cast<float>(1 - beta2);
  }
};

}  // namespace memsweep
