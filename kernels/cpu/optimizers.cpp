// Steps of optimizers, part by part.
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/rates.h"
#include "kernels/cpu/sign.h"

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

/// NAdam's momentum of step t (torch/optim/nadam.py).
double scheduled_momentum(double beta1, double decay, std::int64_t t) {
  return beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * decay));
}

/// RAdam's rectification of the variance; 0 where the averaged past is too short for it to be tractable.
double rectification(double beta2, std::int64_t t) {
  const double longest = 2 / (1 - beta2) - 1, missing = correction(beta2, t);
  const double length = longest - 2 * static_cast<double>(t) * (1 - missing) / missing;
  if (length <= 5) return 0;
  return std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
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
  double momentum = 0, product = 1;
  for (std::int64_t t = 1; t <= call.step; ++t) {
    momentum = scheduled_momentum(beta1, decay, t);
    product *= momentum;
  }
  const double following = scheduled_momentum(beta1, decay, call.step + 1);
  const double rate =
      next != 0 ? lr * following / (1 - product * following) : lr * (1 - momentum) / (1 - product);
  subtract_quotient(call, views, static_cast<float>(rate));
}

void radam_factor(const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, given_eps] = call.numbers<4>();
  const double rate = lr / correction(beta1, call.step), rectified = rectification(beta2, call.step);
  const auto adaptive = static_cast<float>(rate * rectified * std::sqrt(correction(beta2, call.step)));
  const auto plain = static_cast<float>(rectified > 0 ? 0 : rate), eps = static_cast<float>(given_eps);
  const float* v = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call),
                   [=](std::int64_t i) { y[i] = -adaptive / (std::sqrt(v[i]) + eps) - plain; });
}

void radam_scale(const OpCall& call, const Views& views) {
  const auto [beta2, rectify] = call.numbers<2>();
  const double root = std::sqrt(correction(beta2, call.step));
  multiply_by(rectify != 0 ? rectification(beta2, call.step) : root, call, views);
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
