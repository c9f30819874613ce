// Whole steps of optimizers: each value of weight, gradient and state is read once and written once.
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/larger.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/rates.h"
#include "kernels/cpu/sign.h"

namespace memsweep::cpu {

void sgd_fused(const OpCall& call, const Views& views) {
  const auto [given_lr, given_momentum, dampening, nesterov, weight_decay, maximize] = call.numbers<6>();
  const auto lr = static_cast<float>(given_lr), pull = static_cast<float>(weight_decay);
  const float direction = maximize != 0 ? -1 : 1;
  const float* old = input(views, 0);
  const float* g = input(views, 1);
  float* p = output(views, 0);
  if (given_momentum == 0) {
    for_each_element(elements(call),
                     [=](std::int64_t i) { p[i] = old[i] - lr * (direction * g[i] + pull * old[i]); });
    return;
  }
  const bool first = call.inputs.size() == 2;
  const auto momentum = static_cast<float>(given_momentum);
  const float fresh = static_cast<float>(first ? 1 : 1 - dampening);
  const float ahead = nesterov != 0 ? 1 : 0, along = nesterov != 0 ? momentum : 1;
  float* buffer = output(views, 1);
  const auto step = [=](std::int64_t i, float velocity) {
    const float gradient = direction * g[i] + pull * old[i];
    buffer[i] = velocity + fresh * gradient;
    p[i] = old[i] - lr * (ahead * gradient + along * buffer[i]);
  };
  if (first) {
    for_each_element(elements(call), [=](std::int64_t i) { step(i, 0); });
  } else {
    for_each_element(elements(call), [=](std::int64_t i) { step(i, momentum * buffer[i]); });
  }
}

void adam_fused(const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, given_eps, weight_decay, amsgrad, decoupled, maximize] = call.numbers<8>();
  const float rate = corrected_rate(lr, beta1, call.step), correction = root_correction(beta2, call.step);
  const float eps = static_cast<float>(given_eps), direction = maximize != 0 ? -1 : 1;
  const float keep = decoupled != 0 ? static_cast<float>(1 - lr * weight_decay) : 1;
  const float pull = decoupled != 0 ? 0 : static_cast<float>(weight_decay);
  const float b1 = static_cast<float>(beta1), rest1 = static_cast<float>(1 - beta1);
  const float b2 = static_cast<float>(beta2), rest2 = static_cast<float>(1 - beta2);
  const float* g = input(views, call.inputs.size() - 2);
  float* p = output(views, 0);
  float* m = output(views, 1);
  float* v = output(views, 2);
  const auto moments = [=](std::int64_t i) {
    const float gradient = direction * g[i] + pull * p[i];
    m[i] = b1 * m[i] + rest1 * gradient;
    v[i] = b2 * v[i] + rest2 * gradient * gradient;
  };
  const auto move = [=](std::int64_t i, float second) {
    p[i] = keep * p[i] - rate * m[i] / (std::sqrt(second) / correction + eps);
  };
  if (amsgrad != 0) {
    float* largest = output(views, 3);
    for_each_element(elements(call), [=](std::int64_t i) {
      moments(i);
      largest[i] = larger(largest[i], v[i]);
      move(i, largest[i]);
    });
  } else {
    for_each_element(elements(call), [=](std::int64_t i) {
      moments(i);
      move(i, v[i]);
    });
  }
  *output(views, call.outputs.size() - 1) += 1;
}

void lion_fused(const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, weight_decay] = call.numbers<4>();
  const float b1 = static_cast<float>(beta1), rest1 = static_cast<float>(1 - beta1);
  const float b2 = static_cast<float>(beta2), rest2 = static_cast<float>(1 - beta2);
  const float keep = static_cast<float>(1 - lr * weight_decay), rate = static_cast<float>(lr);
  const float* g = input(views, 2);
  float* p = output(views, 0);
  float* m = output(views, 1);
  for_each_element(elements(call), [=](std::int64_t i) {
    p[i] = keep * p[i] - rate * sign(b1 * m[i] + rest1 * g[i]);
    m[i] = b2 * m[i] + rest2 * g[i];
  });
}

}  // namespace memsweep::cpu
