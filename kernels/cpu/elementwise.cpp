// Activations, their gradients, and other ops of which each element stands alone.
#include <cstring>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/transcendental.h"

namespace memsweep::cpu {
namespace {

template <class Function>
void map(const OpCall& call, const Views& views, const Function& function) {
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = function(x[i]); });
}

template <class Function>
void map_two(const OpCall& call, const Views& views, const Function& function) {
  const float* a = input(views, 0);
  const float* b = input(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = function(a[i], b[i]); });
}

/// tanh-form GELU is x * sigmoid(v), v = 2 sqrt(2/pi) (x + 0.044715 x^3).
constexpr float kTwoSqrtTwoOverPi = 1.59576917f, kCubic = 0.044715f;

float gelu_tanh_gate(float x) { return kTwoSqrtTwoOverPi * x * (1 + kCubic * x * x); }
float gelu_tanh_gate_slope(float x) { return kTwoSqrtTwoOverPi * (1 + 3 * kCubic * x * x); }

}  // namespace

void fill(const OpCall& call, const Views& views) {
  const auto value = static_cast<float>(call.numbers<1>()[0]);
  if (call.outputs[0].dtype == DType::boolean) {
    std::memset(views.outputs[0], value != 0 ? 1 : 0, call.outputs[0].bytes());
    return;
  }
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = value; });
}

void relu(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return x <= 0 ? 0.0f : x; });  // NaN stays NaN
}

void relu_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float y) { return y > 0 ? grad : 0.0f; });
}

void gelu(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return x * normal(x).below; });
}

void gelu_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float x) {
    const auto [density, below] = normal(x);
    return grad * (below + x * density);
  });
}

void gelu_tanh(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return x * cpu::sigmoid(gelu_tanh_gate(x)); });
}

void gelu_tanh_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float x_given) {
    const float x = clamp(x_given, -9.0f, 9.0f);  // farther out the slope is 0 or 1 to 1e-26
    const auto [open, shut] = gate(gelu_tanh_gate(x));
    return grad * (open + x * open * shut * gelu_tanh_gate_slope(x));
  });
}

void silu(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return x * cpu::sigmoid(x); });
}

void silu_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float x_given) {
    const float x = clamp(x_given, -80.0f, 80.0f);  // farther out the slope is 0 or 1 to 1e-32
    const auto [open, shut] = gate(x);
    return grad * open * (1 + x * shut);
  });
}

void tanh(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return cpu::tanh(x); });
}

void tanh_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float y) { return grad * (1 - y * y); });
}

void sigmoid(const OpCall& call, const Views& views) {
  map(call, views, [](float x) { return cpu::sigmoid(x); });
}

void sigmoid_backward(const OpCall& call, const Views& views) {
  map_two(call, views, [](float grad, float y) { return grad * (1 - y) * y; });
}

void add(const OpCall& call, const Views& views) {
  map_two(call, views, [](float a, float b) { return a + b; });
}

void mul(const OpCall& call, const Views& views) {
  map_two(call, views, [](float a, float b) { return a * b; });
}

void add_broadcast(const OpCall& call, const Views& views) {
  const std::int64_t n = call.inputs[0].shape.columns(), period = call.inputs[1].shape.rows();
  const float *all_x = input(views, 0), *all_y = input(views, 1);
  float* all_sum = output(views, 0);
  for_each_row(call.inputs[0].shape.rows(), n, [=](std::int64_t row) {
    const float *x = all_x + row * n, *y = all_y + row % period * n;
    float* sum = all_sum + row * n;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) sum[i] = x[i] + y[i];
  });
}

void masked_fill(const OpCall& call, const Views& views) {
  const auto value = static_cast<float>(call.numbers<1>()[0]);
  const std::int64_t n = call.inputs[0].shape.columns(), width = call.inputs[1].shape.columns();
  const float* all_x = input(views, 0);
  const auto* all_mask = input<std::uint8_t>(views, 1);
  float* all_y = output(views, 0);
  for_each_row(call.inputs[0].shape.rows(), n, [=](std::int64_t row) {
    const float* x = all_x + row * n;
    const std::uint8_t* mask = all_mask + row % n * width;
    float* y = all_y + row * n;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = mask[i] != 0 ? value : x[i];
  });
}

void dropout_backward(const OpCall& call, const Views& views) {
  const auto factor = static_cast<float>(1 / (1 - call.numbers<1>()[0]));
  const float* grad = input(views, 0);
  const auto* mask = input<std::uint8_t>(views, 1);
  float* y = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) {
    const float scaled = grad[i] * factor;
    y[i] = mask[i] != 0 ? scaled : 0.0f;
  });
}

}  // namespace memsweep::cpu
