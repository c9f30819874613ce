// Vectors as long as a parameter, for optimizers and for clipping.
#include <cmath>

#include "kernels/cuda/block_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/grid_loop.h"

namespace memsweep::cuda {
namespace {

struct Scale {
  float factor;
  __device__ float operator()(float x) const { return factor * x; }
};

struct Axpby {
  float a, b;
  __device__ float operator()(float y, float x) const { return a * y + b * x; }
};

struct AddScaled {
  float alpha;
  __device__ float operator()(float x, float y) const { return x + alpha * y; }
};

struct EmaSquare {
  float beta, rest;
  __device__ float operator()(float v, float g) const { return beta * v + rest * g * g; }
};

struct AddSquare {
  float value;
  __device__ float operator()(float s, float g) const { return s + value * g * g; }
};

struct Sqrt {
  __device__ float operator()(float x) const { return sqrtf(x); }
};

struct Square {
  __device__ float operator()(float x) const { return x * x; }
};

struct Multiply {
  __device__ float operator()(float x, float y) const { return x * y; }
};

struct Magnitude {
  float eps;
  __device__ float operator()(float x) const { return fabsf(x) + eps; }
};

struct SqrtSum {
  float eps;
  __device__ float operator()(float x) const { return sqrtf(x + eps); }
};

struct AddProduct {
  __device__ float operator()(float p, float x, float y) const { return p + x * y; }
};

struct Rescale {
  __device__ float operator()(float y, float d, float x) const { return y / d * x; }
};

struct Divide {
  __device__ float operator()(float y, float divisor) const { return y / divisor; }
};

struct Power {
  double base;
  __device__ float operator()(float exponent) const {
    return static_cast<float>(pow(base, static_cast<double>(exponent)));
  }
};

struct AddNumber {
  float value;
  __device__ float operator()(float x) const { return x + value; }
};

struct Reciprocal {
  __device__ float operator()(float x) const { return 1 / x; }
};

struct ClampMax {
  float limit;
  __device__ float operator()(float x) const { return x > limit ? limit : x; }
};

__global__ void reciprocal_f64_kernel(std::int64_t n, const double* x, double* y) {
  for_each_in_grid(n, [&](std::int64_t i) { y[i] = 1 / x[i]; });
}

float first_number(const OpCall& call) { return static_cast<float>(call.attributes[0]); }

/// Of a vector and a scalar.
template <class Function>
void map_with_scalar(const CudaContext& context, const OpCall& call, const Views& views,
                     const Function& function) {
  each_element(context, elements(call), function,
               Refs<2>{input(call, views, 0), repeated_input(call, views, 1)},
               Refs<1>{output(call, views, 0)});
}

}  // namespace

void clone(const CudaContext& context, const OpCall& call, const Views& views) {
  check(cudaMemcpyAsync(views.outputs[0], views.inputs[0], call.outputs[0].bytes(), cudaMemcpyDefault,
                        context.stream),
        "cudaMemcpyAsync");
}

void zeros_like(const CudaContext& context, const OpCall& call, const Views& views) {
  check(cudaMemsetAsync(views.outputs[0], 0, call.outputs[0].bytes(), context.stream), "cudaMemsetAsync");
}

void scale(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Scale{first_number(call)});
}

void axpby(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [a, b] = call.numbers<2>();
  map<2>(context, call, views, Axpby{static_cast<float>(a), static_cast<float>(b)});
}

void add_scaled(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, AddScaled{first_number(call)});
}

void ema_square(const CudaContext& context, const OpCall& call, const Views& views) {
  const double beta = call.numbers<1>()[0];
  map<2>(context, call, views, EmaSquare{static_cast<float>(beta), static_cast<float>(1 - beta)});
}

void maximum(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, Largest{});
}

void sqrt(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Sqrt{});
}

void add_square(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, AddSquare{first_number(call)});
}

void square(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Square{});
}

void multiply(const CudaContext& context, const OpCall& call, const Views& views) {
  map<2>(context, call, views, Multiply{});
}

void magnitude(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Magnitude{first_number(call)});
}

void sqrt_sum(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, SqrtSum{first_number(call)});
}

void add_product(const CudaContext& context, const OpCall& call, const Views& views) {
  map<3>(context, call, views, AddProduct{});
}

void rescale(const CudaContext& context, const OpCall& call, const Views& views) {
  map<3>(context, call, views, Rescale{});
}

void divide_by(const CudaContext& context, const OpCall& call, const Views& views) {
  map_with_scalar(context, call, views, Divide{});
}

void power(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, Power{call.numbers<1>()[0]});
}

void add_number(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, AddNumber{first_number(call)});
}

void reciprocal(const CudaContext& context, const OpCall& call, const Views& views) {
  if (call.inputs[0].dtype == DType::f64) {
    launch(context, grid_for(context, elements(call)), reciprocal_f64_kernel, elements(call),
           input_at<double>(views, 0), output_at<double>(views, 0));
  } else {
    map<1>(context, call, views, Reciprocal{});
  }
}

void clamp_max(const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, ClampMax{first_number(call)});
}

void scale_by(const CudaContext& context, const OpCall& call, const Views& views) {
  map_with_scalar(context, call, views, Multiply{});
}

}  // namespace memsweep::cuda
