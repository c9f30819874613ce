// Whole steps of optimizers: each value of weight, gradient and state is read once and written once.
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/larger.h"
#include "kernels/cpu/operands.h"
#include "kernels/fused_steps.h"
#include "kernels/sign.h"

namespace memsweep::cpu {

void sgd_fused(const OpCall& call, const Views& views) {
  const SgdNumbers numbers(call);
  const float lr = numbers.lr, pull = numbers.pull, direction = numbers.direction;
  const float* old = input(views, 0);
  const float* g = input(views, 1);
  float* p = output(views, 0);
  if (numbers.momentum == 0) {
    for_each_element(elements(call),
                     [=](std::int64_t i) { p[i] = old[i] - lr * (direction * g[i] + pull * old[i]); });
    return;
  }
  float* buffer = output(views, 1);
  const auto step = [=](std::int64_t i, float velocity) {
    const float gradient = direction * g[i] + pull * old[i];
    buffer[i] = velocity + numbers.fresh * gradient;
    p[i] = old[i] - lr * (numbers.ahead * gradient + numbers.along * buffer[i]);
  };
  if (numbers.first) {
    for_each_element(elements(call), [=](std::int64_t i) { step(i, 0); });
  } else {
    for_each_element(elements(call), [=](std::int64_t i) { step(i, numbers.momentum * buffer[i]); });
  }
}

void adam_fused(const OpCall& call, const Views& views) {
  const AdamNumbers a = AdamNumbers::of_adam(call);
  const float* g = input(views, call.inputs.size() - 2);
  float* p = output(views, 0);
  float* m = output(views, 1);
  float* v = output(views, 2);
  const auto moments = [=](std::int64_t i) {
    const float gradient = a.direction * g[i] + a.pull * p[i];
    m[i] = a.b1 * m[i] + a.rest1 * gradient;
    v[i] = a.b2 * v[i] + a.rest2 * gradient * gradient;
  };
  const auto move = [=](std::int64_t i, float second) {
    p[i] = a.keep * p[i] - a.rate * m[i] / (std::sqrt(second) / a.correction + a.eps);
  };
  const bool amsgrad = call.outputs.size() == 5;
  if (amsgrad) {
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
  const LionNumbers l(call);
  const float* g = input(views, 2);
  float* p = output(views, 0);
  float* m = output(views, 1);
  for_each_element(elements(call), [=](std::int64_t i) {
    p[i] = l.keep * p[i] - l.rate * sign(l.b1 * m[i] + l.rest1 * g[i]);
    m[i] = l.b2 * m[i] + l.rest2 * g[i];
  });
}

}  // namespace memsweep::cpu
