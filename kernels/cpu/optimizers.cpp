// Steps of optimizers, part by part.
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/rates.h"
#include "kernels/sign.h"

namespace memsweep::cpu {
namespace {

/// p = old - rate * x / d, for the operands (old, x, d).
void subtract_quotient(const OpCall& call, const Views& views, float rate) {
  const float* old = input(views, 0);
  const float* x = input(views, 1);
  const float* d = input(views, 2);
  float* p = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { p[i] = old[i] - rate * x[i] / d[i]; });
}

void multiply_by(double given, const OpCall& call, const Views& views) {
  const auto factor = static_cast<float>(given);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = factor * x[i]; });
}

}  // namespace

void adam_denominator(const OpCall& call, const Views& views) {
  const auto [beta2, given_eps] = call.numbers<2>();
  const float root = root_correction(beta2, call.step), eps = static_cast<float>(given_eps);
  const float* v = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = std::sqrt(v[i]) / root + eps; });
}

void adam_divisor(const OpCall& call, const Views& views) {
  const auto [beta2, given_eps] = call.numbers<2>();
  const float correction = root_correction(beta2, call.step), eps = static_cast<float>(given_eps);
  const float* root = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = root[i] / correction + eps; });
}

void descend(const OpCall& call, const Views& views) {
  const auto [lr, beta, decay] = call.numbers<3>();
  subtract_quotient(call, views, corrected_rate(decayed_rate(lr, decay, call.step), beta, call.step));
}

void decayed_scale(const OpCall& call, const Views& views) {
  const auto [factor, decay] = call.numbers<2>();
  multiply_by(decayed_rate(factor, decay, call.step), call, views);
}

void corrected(const OpCall& call, const Views& views) {
  multiply_by(1 / correction(call.numbers<1>()[0], call.step), call, views);
}

void nadam_step(const OpCall& call, const Views& views) {
  const auto [lr, beta1, decay, next] = call.numbers<4>();
  const double rate = nadam_rate(lr, beta1, decay, next != 0, call.step);
  subtract_quotient(call, views, static_cast<float>(rate));
}

void radam_factor(const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, given_eps] = call.numbers<4>();
  const RadamRates rates(lr, beta1, beta2, call.step);
  const float adaptive = rates.adaptive, plain = rates.plain, eps = static_cast<float>(given_eps);
  const float* v = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call),
                   [=](std::int64_t i) { y[i] = -adaptive / (std::sqrt(v[i]) + eps) - plain; });
}

void radam_scale(const OpCall& call, const Views& views) {
  const auto [beta2, rectify] = call.numbers<2>();
  multiply_by(radam_scale_of(beta2, rectify != 0, call.step), call, views);
}

void lion_direction(const OpCall& call, const Views& views) {
  const double beta1 = call.numbers<1>()[0];
  const auto old = static_cast<float>(beta1), rest = static_cast<float>(1 - beta1);
  const float* m = input(views, 0);
  const float* g = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = sign(old * m[i] + rest * g[i]); });
}

}  // namespace memsweep::cpu
