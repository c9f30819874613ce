// Vectors as long as a parameter, for optimizers and for clipping.
#include <cmath>
#include <cstring>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/larger.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
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

void add_square(const OpCall& call, const Views& views) {
  const auto value = static_cast<float>(call.numbers<1>()[0]);
  const float* old = input(views, 0);
  const float* g = input(views, 1);
  float* sum = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { sum[i] = old[i] + value * g[i] * g[i]; });
}

void square(const OpCall& call, const Views& views) {
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i] * x[i]; });
}

void multiply(const OpCall& call, const Views& views) {
  const float* x = input(views, 0);
  const float* y = input(views, 1);
  float* product = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { product[i] = x[i] * y[i]; });
}

void magnitude(const OpCall& call, const Views& views) {
  const auto eps = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = std::abs(x[i]) + eps; });
}

void sqrt_sum(const OpCall& call, const Views& views) {
  const auto eps = static_cast<float>(call.numbers<1>()[0]);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = std::sqrt(x[i] + eps); });
}

void add_product(const OpCall& call, const Views& views) {
  const float* old = input(views, 0);
  const float* x = input(views, 1);
  const float* y = input(views, 2);
  float* p = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { p[i] = old[i] + x[i] * y[i]; });
}

void rescale(const OpCall& call, const Views& views) {
  const float* old = input(views, 0);
  const float* divisor = input(views, 1);
  const float* x = input(views, 2);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = old[i] / divisor[i] * x[i]; });
}

void divide_by(const OpCall& call, const Views& views) {
  const float* x = input(views, 0);
  const float divisor = *input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i] / divisor; });
}

void power(const OpCall& call, const Views& views) {
  const double base = call.numbers<1>()[0];
  const float* exponent = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) {
    y[i] = static_cast<float>(std::pow(base, static_cast<double>(exponent[i])));
  });
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

}  // namespace memsweep::cpu
