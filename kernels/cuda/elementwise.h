// Kernels of which each element stands alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/cuda/operands.h"
#include "kernels/cuda/vector_loop.h"

namespace memsweep::cuda {

template <std::size_t N>
using Refs = std::array<Ref, N>;

/// What a function of an element gives where it has more than one result.
template <std::size_t N>
struct Results {
  float of[N];
};

/// Value k of each of the first inputs, as arguments of `function`, after the element's number if it takes
/// that.
template <class Function, class Values, std::size_t... I>
__device__ auto apply(const Function& function, std::int64_t first, int k, const Values& x,
                      std::index_sequence<I...>) {
  if constexpr (std::is_invocable_v<const Function&, std::int64_t, decltype(x[I][0])...>) {
    return function(first + k, x[I][k]...);
  } else {
    return function(x[I][k]...);
  }
}

template <class Function, std::size_t kIn, std::size_t kOut>
__global__ void elementwise_kernel(std::int64_t n, Function function, Refs<kIn> in, Refs<kOut> out) {
  for_each_vector_in_grid(n, [&](std::int64_t i, int count) {
    float x[kIn + 1][kVector], y[kOut][kVector];  // one more, since there may be no inputs
    for (std::size_t k = 0; k != kIn; ++k) load_vector(in[k], i, count, x[k]);
    for (int k = 0; k < kVector; ++k) {
      const auto result = apply(function, i, k, x, std::make_index_sequence<kIn>{});
      if constexpr (kOut == 1) {
        y[0][k] = result;
      } else {
        for (std::size_t r = 0; r < kOut; ++r) y[r][k] = result.of[r];
      }
    }
    for (std::size_t r = 0; r < kOut; ++r) store_vector(out[r], i, count, y[r]);
  });
}

/// Queues function(values of `in`), a float or Results<kOut>, for each of n elements. Outputs may lie where
/// inputs of the same type do.
template <class Function, std::size_t kIn, std::size_t kOut>
void each_element(const CudaContext& context, std::int64_t n, const Function& function, const Refs<kIn>& in,
                  const Refs<kOut>& out) {
  launch(context, grid_for_vectors(context, n), elementwise_kernel<Function, kIn, kOut>, n, function, in,
         out);
}

/// The same of the first inputs and outputs of a call.
template <std::size_t kIn, std::size_t kOut = 1, class Function>
void map(const CudaContext& context, const OpCall& call, const Views& views, const Function& function) {
  Refs<kIn> in{};
  Refs<kOut> out{};
  for (std::size_t k = 0; k != kIn; ++k) in[k] = input(call, views, k);
  for (std::size_t k = 0; k < kOut; ++k) out[k] = output(call, views, k);
  each_element(context, elements(call), function, in, out);
}

}  // namespace memsweep::cuda
