// Casts, and the steps of loss scaling.
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

template <class From, class To>
void convert(const OpCall& call, const Views& views) {
  const From* x = input<From>(views, 0);
  To* y = output<To>(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = static_cast<To>(x[i]); });
}

}  // namespace

void cast(const OpCall& call, const Views& views) {
  const bool from_f64 = call.inputs[0].dtype == DType::f64, to_f64 = call.outputs[0].dtype == DType::f64;
  if (from_f64) return to_f64 ? convert<double, double>(call, views) : convert<double, float>(call, views);
  to_f64 ? convert<float, double>(call, views) : convert<float, float>(call, views);
}

void copy(const OpCall& call, const Views& views) {
  const float* x = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = x[i]; });
}

void check_and_unscale(const OpCall& call, const Views& views) {
  const std::size_t count = call.inputs.size() - 2;
  const float factor = *input(views, count + 1);
  int infinite = 0;
  for (std::size_t t = 0; t < count; ++t) {
    const float* x = input(views, t);
    float* y = output(views, t);
    const std::int64_t n = call.inputs[t].shape.elements();
#pragma omp simd reduction(| : infinite)
    for (std::int64_t i = 0; i < n; ++i) infinite |= x[i] - x[i] != 0;  // which is NaN for both
    for_each_element(n, [=](std::int64_t i) { y[i] = factor * x[i]; });
  }
  *output(views, count) = infinite != 0 ? 1 : *input(views, count);
}

void update_scale(const OpCall& call, const Views& views) {
  const auto [growth, backoff, interval] = call.numbers<3>();
  const float scale = *input(views, 0), tracker = *input(views, 1) + 1;
  const bool found = *input(views, 2) != 0, grows = !found && tracker == static_cast<float>(interval);
  const auto times = [scale](double factor) {
    return static_cast<float>(static_cast<double>(scale) * factor);
  };
  const float grown = times(growth);
  const float larger = grows && std::isfinite(grown) ? grown : scale;
  *output(views, 0) = found ? times(backoff) : larger;
  *output(views, 1) = found || grows ? 0 : tracker;
}

}  // namespace memsweep::cpu
