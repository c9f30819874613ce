// Ops that draw from the counter-based generator: the same values as on the CPU, to the bit.
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/drawn.h"

namespace memsweep::cuda {
namespace {

struct Uniform {
  Generator generator;
  float factor, shift;

  __device__ float operator()(std::int64_t i) const {
    return __fadd_rn(shift, __fmul_rn(generator.uniform(static_cast<std::uint64_t>(i)), factor));
  }
};

struct Integers {
  Generator generator;
  std::uint32_t modulus;

  __device__ std::int64_t operator()(std::int64_t i) const { return draw(generator, i) % modulus; }
};

/// `start` counts tokens of the batch, whose sequences are one shorter than those of the stream.
struct Tokens {
  Integers stream;
  std::int64_t length, start, shift;

  __device__ std::int64_t operator()(std::int64_t i) const {
    const std::int64_t token = start + i;
    return stream(token + token / length + shift);
  }
};

template <class Function>
__global__ void integers_kernel(std::int64_t n, Function function, std::int64_t* y) {
  for_each_in_grid(n, [&](std::int64_t i) { y[i] = function(i); });
}

template <class Function>
void map_integers(const CudaContext& context, const OpCall& call, const Views& views,
                  const Function& function) {
  launch(context, grid_for(context, elements(call)), integers_kernel<Function>, elements(call), function,
         output_at<std::int64_t>(views, 0));
}

struct Dropout {
  DropoutMask mask;

  __device__ Results<2> operator()(std::int64_t i, float x) const {
    return mask.keeps(i) ? Results<2>{1, x * mask.factor} : Results<2>{0, 0};
  }
};

}  // namespace

void uniform(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, scale, offset] = call.numbers<7>();
  map<0>(context, call, views,
         Uniform{generator_of(call, {seed, id, id_stride, batches, first}), static_cast<float>(scale),
                 static_cast<float>(offset)});
}

void integers(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, modulus] = call.numbers<6>();
  map_integers(context, call, views,
               Integers{generator_of(call, {seed, id, id_stride, batches, first}),
                        static_cast<std::uint32_t>(modulus)});
}

void tokens(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, modulus, shift] = call.numbers<7>();
  const Integers stream{generator_of(call, {seed, id, id_stride, batches, 0}),
                        static_cast<std::uint32_t>(modulus)};
  map_integers(context, call, views,
               Tokens{stream, call.outputs[0].shape.columns(), static_cast<std::int64_t>(first),
                      static_cast<std::int64_t>(shift)});
}

void dropout(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [p, seed, id, id_stride, batches, first] = call.numbers<6>();
  const DropoutMask mask(generator_of(call, {seed, id, id_stride, batches, first}), p);
  map<1, 2>(context, call, views, Dropout{mask});
}

}  // namespace memsweep::cuda
