// Activations, their gradients, and other ops of which each element stands alone.
#include "kernels/cuda/elementwise.h"

#include <cmath>

#include "kernels/cuda/declarations.h"

namespace memsweep::cuda {
namespace {

struct Fill {
  float value;
  __device__ float operator()() const { return value; }
};

struct Relu {
  __device__ float operator()(float x) const { return x <= 0 ? 0.0f : x; }  // NaN stays NaN
};

struct ReluBackward {
  __device__ float operator()(float grad, float y) const { return y > 0 ? grad : 0.0f; }
};

/// The normal distribution below x.
__device__ float normal_below(float x) {
  constexpr float kSqrtHalf = 0.707106769f;
  return 0.5f * erfcf(-kSqrtHalf * x);
}

struct Gelu {
  __device__ float operator()(float x) const { return x * normal_below(x); }
};

struct GeluBackward {
  __device__ float operator()(float grad, float x) const {
    constexpr float kInverseSqrtTwoPi = 0.398942292f;
    return grad * (normal_below(x) + x * kInverseSqrtTwoPi * expf(-0.5f * x * x));
  }
};

__device__ float logistic(float x) { return 1 / (1 + expf(-x)); }

/// logistic(x) and logistic(-x), neither lost where the other is near 1. |x| <= 80.
struct Gate {
  float open, shut;

  __device__ explicit Gate(float x) {
    const float e = expf(-x);
    open = 1 / (1 + e);
    shut = e * open;
  }
};

/// Of NaN NaN.
__device__ float clamp(float x, float least, float most) { return x < least ? least : x > most ? most : x; }

/// tanh-form GELU is x * logistic(v), v = 2 sqrt(2/pi) (x + 0.044715 x^3).
constexpr float kTwoSqrtTwoOverPi = 1.59576917f, kCubic = 0.044715f;

__device__ float gelu_tanh_gate(float x) { return kTwoSqrtTwoOverPi * x * (1 + kCubic * x * x); }

struct GeluTanh {
  __device__ float operator()(float x) const { return x * logistic(gelu_tanh_gate(x)); }
};

struct GeluTanhBackward {
  __device__ float operator()(float grad, float x_given) const {
    const float x = clamp(x_given, -9.0f, 9.0f);  // farther out the slope is 0 or 1 to 1e-26
    const Gate gate(gelu_tanh_gate(x));
    const float gate_slope = kTwoSqrtTwoOverPi * (1 + 3 * kCubic * x * x);
    return grad * (gate.open + x * gate.open * gate.shut * gate_slope);
  }
};

struct Silu {
  __device__ float operator()(float x) const { return x * logistic(x); }
};

struct SiluBackward {
  __device__ float operator()(float grad, float x_given) const {
    const float x = clamp(x_given, -80.0f, 80.0f);  // farther out the slope is 0 or 1 to 1e-32
    const Gate gate(x);
    return grad * gate.open * (1 + x * gate.shut);
  }
};

struct Tanh {
  __device__ float operator()(float x) const { return tanhf(x); }
};

struct TanhBackward {
  __device__ float operator()(float grad, float y) const { return grad * (1 - y * y); }
};

struct Sigmoid {
  __device__ float operator()(float x) const { return logistic(x); }
};

struct SigmoidBackward {
  __device__ float operator()(float grad, float y) const { return grad * (1 - y) * y; }
};

struct Add {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct Mul {
  __device__ float operator()(float a, float b) const { return a * b; }
};

struct DropoutBackward {
  float factor;
  __device__ float operator()(float grad, float kept) const { return kept != 0 ? grad * factor : 0.0f; }
};

/// Rows of x are n long, those of the mask `width`; row r of x is covered by row r % n of the mask.
__global__ void masked_fill_kernel(std::int64_t elements, std::int64_t n, std::int64_t width, float value,
                                   Ref x, const std::uint8_t* mask, Ref y) {
  for_each_vector_in_grid(elements, [&](std::int64_t i, int count) {
    std::int64_t row = i / n % n, column = i % n;
    float values[kVector];
    load_vector(x, i, count, values);
    for (int k = 0; k < count; ++k) {
      if (mask[row * width + column] != 0) values[k] = value;
      if (++column < n) continue;
      column = 0;
      if (++row == n) row = 0;
    }
    store_vector(y, i, count, values);
  });
}

}  // namespace

void fill(const CudaContext& context, const OpCall& call, const Views& views) {
  map<0>(context, call, views, Fill{static_cast<float>(call.numbers<1>()[0])});
}

void relu(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Relu{});
}

void relu_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, ReluBackward{});
}

void gelu(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Gelu{});
}

void gelu_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, GeluBackward{});
}

void gelu_tanh(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, GeluTanh{});
}

void gelu_tanh_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, GeluTanhBackward{});
}

void silu(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Silu{});
}

void silu_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, SiluBackward{});
}

void tanh(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Tanh{});
}

void tanh_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, TanhBackward{});
}

void sigmoid(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Sigmoid{});
}

void sigmoid_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, SigmoidBackward{});
}

void add(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, Add{});
}

void mul(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, Mul{});
}

void add_broadcast(const CudaContext& context, const OpCall& call, const Views& views) {
  each_element(context, elements(call), Add{}, Refs<2>{input(call, views, 0), repeated_input(call, views, 1)},
               Refs<1>{output(call, views, 0)});
}

void masked_fill(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for_vectors(context, n), masked_fill_kernel, n, call.inputs[0].shape.columns(),
         call.inputs[1].shape.columns(), static_cast<float>(call.numbers<1>()[0]), input(call, views, 0),
         input_at<std::uint8_t>(views, 1), output(call, views, 0));
}

void dropout_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, DropoutBackward{static_cast<float>(1 / (1 - call.numbers<1>()[0]))});
}

}  // namespace memsweep::cuda
