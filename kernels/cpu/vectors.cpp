// Steps of optimizers and of clipping, on vectors as long as a parameter.
#include <cmath>
#include <cstring>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

/// sqrt(1 - beta2^t) of Adam's bias correction.
float root_correction(double beta2, std::int64_t t) {
  return static_cast<float>(std::sqrt(1 - std::pow(beta2, static_cast<double>(t))));
}

/// lr / (1 - beta1^t)
float corrected_rate(double lr, double beta1, std::int64_t t) {
  return static_cast<float>(lr / (1 - std::pow(beta1, static_cast<double>(t))));
}

/// NaN if either is.
float larger(float a, float b) { return a < b || std::isnan(b) ? b : a; }

}  // namespace

void clone(const OpCall& call, const Views& views) {
  const char* x = input<char>(views, 0);
  char* y = output<char>(views, 0);
  parallel_for(static_cast<std::int64_t>(call.outputs[0].bytes()), kElementGrain * 4,
               [=](std::int64_t begin, std::int64_t end) {
                 std::memcpy(y + begin, x + begin, static_cast<std::size_t>(end - begin));
               });
}

void zeros_like(const OpCall& call, const Views& views) {
  char* y = output<char>(views, 0);
  parallel_for(static_cast<std::int64_t>(call.outputs[0].bytes()), kElementGrain * 4,
               [=](std::int64_t begin, std::int64_t end) {
                 std::memset(y + begin, 0, static_cast<std::size_t>(end - begin));
               });
}

void scale(const OpCall& call, const Views& views) {
  const auto factor = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = factor * x[i]; });
}

void axpby(const OpCall& call, const Views& views) {
  const auto numbers = call.numbers<2>();
  const auto a = static_cast<float>(numbers[0]), b = static_cast<float>(numbers[1]);
  const float* old = input(views, 0);
  const float* x = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = a * old[i] + b * x[i]; });
}

void add_scaled(const OpCall& call, const Views& views) {
  const auto alpha = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  const float* y = input(views, 1);
  float* sum = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { sum[i] = x[i] + alpha * y[i]; });
}

void ema_square(const OpCall& call, const Views& views) {
  const double given = call.numbers<1>()[0];
  const auto beta = static_cast<float>(given), rest = static_cast<float>(1 - given);
  const float* old = input(views, 0);
  const float* g = input(views, 1);
  float* v = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { v[i] = beta * old[i] + rest * g[i] * g[i]; });
}

void maximum(const OpCall& call, const Views& views) {
  const float* a = input(views, 0);
  const float* b = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = larger(a[i], b[i]); });
}

void sqrt(const OpCall& call, const Views& views) {
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = std::sqrt(x[i]); });
}

void adam_denominator(const OpCall& call, const Views& views) {
  const auto [beta2, given_eps] = call.numbers<2>();
  const float correction = root_correction(beta2, call.step), eps = static_cast<float>(given_eps);
  const float* v = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = std::sqrt(v[i]) / correction + eps; });
}

void adam_divisor(const OpCall& call, const Views& views) {
  const auto [beta2, given_eps] = call.numbers<2>();
  const float correction = root_correction(beta2, call.step), eps = static_cast<float>(given_eps);
  const float* root = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = root[i] / correction + eps; });
}

void adam_update(const OpCall& call, const Views& views) {
  const auto [lr, beta1] = call.numbers<2>();
  const float rate = corrected_rate(lr, beta1, call.step);
  const float* old = input(views, 0);
  const float* m = input(views, 1);
  const float* denominator = input(views, 2);
  float* p = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { p[i] = old[i] - rate * m[i] / denominator[i]; });
}

void add_number(const OpCall& call, const Views& views) {
  const auto value = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i] + value; });
}

namespace {

template <class T>
void invert(const OpCall& call, const Views& views) {
  const T* x = input<T>(views, 0);
  T* y = output<T>(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = 1 / x[i]; });
}

}  // namespace

void reciprocal(const OpCall& call, const Views& views) {
  call.inputs[0].dtype == DType::f64 ? invert<double>(call, views) : invert<float>(call, views);
}

void clamp_max(const OpCall& call, const Views& views) {
  const auto limit = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i] > limit ? limit : x[i]; });
}

void scale_by(const OpCall& call, const Views& views) {
  const float* x = input(views, 0);
  const float factor = *input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = factor * x[i]; });
}

/// AdamW in one pass over (p, m, v, g, step), or (p, m, v, vmax, g, step) with AMSGrad.
void adam_fused(const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, given_eps, weight_decay, amsgrad] = call.numbers<6>();
  const float rate = corrected_rate(lr, beta1, call.step), correction = root_correction(beta2, call.step);
  const float keep = static_cast<float>(1 - lr * weight_decay), eps = static_cast<float>(given_eps);
  const float b1 = static_cast<float>(beta1), rest1 = static_cast<float>(1 - beta1);
  const float b2 = static_cast<float>(beta2), rest2 = static_cast<float>(1 - beta2);
  float* p = output(views, 0);
  float* m = output(views, 1);
  float* v = output(views, 2);
  const auto moments = [=](std::int64_t i, float g) {
    m[i] = b1 * m[i] + rest1 * g;
    v[i] = b2 * v[i] + rest2 * g * g;
  };
  const auto move = [=](std::int64_t i, float second) {
    p[i] = keep * p[i] - rate * m[i] / (std::sqrt(second) / correction + eps);
  };
  if (amsgrad != 0) {
    float* vmax = output(views, 3);
    const float* g = input(views, 4);
    for_each_element(elements(call), [=](std::int64_t i) {
      moments(i, g[i]);
      vmax[i] = larger(vmax[i], v[i]);
      move(i, vmax[i]);
    });
  } else {
    const float* g = input(views, 3);
    for_each_element(elements(call), [=](std::int64_t i) {
      moments(i, g[i]);
      move(i, v[i]);
    });
  }
  *output(views, call.outputs.size() - 1) += 1;
}

}  // namespace memsweep::cpu
