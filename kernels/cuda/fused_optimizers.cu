// Whole steps of optimizers: each value of weight, gradient and state is read once and written once.
#include <cmath>

#include "kernels/cuda/block_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/fused_steps.h"
#include "kernels/sign.h"

namespace memsweep::cuda {
namespace {

struct Sgd : SgdNumbers {
  __device__ float gradient(float p, float g) const { return direction * g + pull * p; }

  __device__ float operator()(float p, float g) const { return p - lr * gradient(p, g); }
};

struct SgdMomentum : Sgd {
  __device__ Results<2> operator()(float p, float g, float buffer) const {
    const float gradient_now = gradient(p, g), velocity = momentum * buffer + fresh * gradient_now;
    return {p - lr * (ahead * gradient_now + along * velocity), velocity};
  }
};

struct SgdFirst : Sgd {
  __device__ Results<2> operator()(float p, float g) const {
    const float gradient_now = gradient(p, g), velocity = fresh * gradient_now;
    return {p - lr * (ahead * gradient_now + along * velocity), velocity};
  }
};

struct Adam : AdamNumbers {
  __device__ float gradient(float p, float g) const { return direction * g + pull * p; }
  __device__ float first(float m, float gradient_now) const { return b1 * m + rest1 * gradient_now; }
  __device__ float second(float v, float gradient_now) const {
    return b2 * v + rest2 * gradient_now * gradient_now;
  }
  __device__ float moved(float p, float m, float v) const {
    return keep * p - rate * m / (sqrtf(v) / correction + eps);
  }

  __device__ Results<3> operator()(float p, float m, float v, float g) const {
    const float gradient_now = gradient(p, g), m_now = first(m, gradient_now),
                v_now = second(v, gradient_now);
    return {moved(p, m_now, v_now), m_now, v_now};
  }
};

struct Amsgrad : Adam {
  __device__ Results<4> operator()(float p, float m, float v, float largest, float g) const {
    const float gradient_now = gradient(p, g), m_now = first(m, gradient_now),
                v_now = second(v, gradient_now);
    const float largest_now = Largest{}(largest, v_now);
    return {moved(p, m_now, largest_now), m_now, v_now, largest_now};
  }
};

struct Lion : LionNumbers {
  __device__ Results<2> operator()(float p, float m, float g) const {
    return {keep * p - rate * sign(b1 * m + rest1 * g), b2 * m + rest2 * g};
  }
};

struct CountStep {
  __device__ float operator()(float step) const { return step + 1; }
};

}  // namespace

void sgd_fused(const CudaContext& context, const OpCall& call, const Views& views) {
  const Sgd step{SgdNumbers(call)};
  if (step.momentum == 0) {
    map<2>(context, call, views, step);
  } else if (step.first) {
    map<2, 2>(context, call, views, SgdFirst{step});
  } else {
    map<3, 2>(context, call, views, SgdMomentum{step});
  }
}

void adam_fused(const CudaContext& context, const OpCall& call, const Views& views) {
  const Adam step{AdamNumbers::of_adam(call)};
  const std::size_t count_in = call.inputs.size() - 1, count_out = call.outputs.size() - 1;
  const bool amsgrad = count_out == 4;
  if (amsgrad) {
    map<5, 4>(context, call, views, Amsgrad{step});
  } else {
    map<4, 3>(context, call, views, step);
  }
  each_element(context, 1, CountStep{}, Refs<1>{input(call, views, count_in)},
               Refs<1>{output(call, views, count_out)});
}

void lion_fused(const CudaContext& context, const OpCall& call, const Views& views) {
  map<3, 2>(context, call, views, Lion{LionNumbers(call)});
}

}  // namespace memsweep::cuda
