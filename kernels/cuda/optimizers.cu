// Steps of optimizers, part by part.
#include <cmath>

#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/rates.h"
#include "kernels/sign.h"

namespace memsweep::cuda {
namespace {

struct AdamDenominator {
  float root, eps;
  __device__ float operator()(float v) const { return sqrtf(v) / root + eps; }
};

struct AdamDivisor {
  float correction, eps;
  __device__ float operator()(float root) const { return root / correction + eps; }
};

struct SubtractQuotient {
  float rate;
  __device__ float operator()(float p, float x, float d) const { return p - rate * x / d; }
};

struct MultiplyBy {
  float factor;
  __device__ float operator()(float x) const { return factor * x; }
};

struct RadamFactor {
  RadamRates rates;
  float eps;
  __device__ float operator()(float v) const { return -rates.adaptive / (sqrtf(v) + eps) - rates.plain; }
};

struct LionDirection {
  float old, rest;
  __device__ float operator()(float m, float g) const { return sign(old * m + rest * g); }
};

void multiply_by(double factor, const CudaContext& context, const OpCall& call, const Views& views) {
  map<1>(context, call, views, MultiplyBy{static_cast<float>(factor)});
}

}  // namespace

void adam_denominator(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [beta2, eps] = call.numbers<2>();
  map<1>(context, call, views, AdamDenominator{root_correction(beta2, call.step), static_cast<float>(eps)});
}

void adam_divisor(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [beta2, eps] = call.numbers<2>();
  map<1>(context, call, views, AdamDivisor{root_correction(beta2, call.step), static_cast<float>(eps)});
}

void descend(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [lr, beta, decay] = call.numbers<3>();
  map<3>(context, call, views,
         SubtractQuotient{corrected_rate(decayed_rate(lr, decay, call.step), beta, call.step)});
}

void decayed_scale(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [factor, decay] = call.numbers<2>();
  multiply_by(decayed_rate(factor, decay, call.step), context, call, views);
}

void nadam_step(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [lr, beta1, decay, next] = call.numbers<4>();
  map<3>(context, call, views,
         SubtractQuotient{static_cast<float>(nadam_rate(lr, beta1, decay, next != 0, call.step))});
}

void corrected(const CudaContext& context, const OpCall& call, const Views& views) {
  multiply_by(1 / correction(call.numbers<1>()[0], call.step), context, call, views);
}

void radam_scale(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [beta2, rectify] = call.numbers<2>();
  multiply_by(radam_scale_of(beta2, rectify != 0, call.step), context, call, views);
}

void radam_factor(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [lr, beta1, beta2, eps] = call.numbers<4>();
  map<1>(context, call, views, RadamFactor{RadamRates(lr, beta1, beta2, call.step), static_cast<float>(eps)});
}

void lion_direction(const CudaContext& context, const OpCall& call, const Views& views) {
  const double beta1 = call.numbers<1>()[0];
  map<2>(context, call, views, LionDirection{static_cast<float>(beta1), static_cast<float>(1 - beta1)});
}

}  // namespace memsweep::cuda
