// Ops that draw from the counter-based generator.
#include <cmath>
#include <cstdint>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/generator.h"

namespace memsweep::cpu {
namespace {

/// The attributes that all generators share.
struct Drawn {
  double seed, id, id_stride, batches, first;
};

/// Tensor id = id + id_stride * batch from its element `first` on, where training step t (from 1) uses batch
/// (t - 1) mod batches.
Generator generator_of(const OpCall& call, const Drawn& drawn) {
  const auto batch = static_cast<std::uint64_t>((call.step - 1) % static_cast<std::int64_t>(drawn.batches));
  const auto id = static_cast<std::uint64_t>(drawn.id) + static_cast<std::uint64_t>(drawn.id_stride) * batch;
  return Generator(static_cast<std::uint64_t>(drawn.seed), id).from(static_cast<std::uint64_t>(drawn.first));
}

std::uint32_t draw(const Generator& generator, std::int64_t i) {
  return generator.u24(static_cast<std::uint64_t>(i));
}

}  // namespace

void uniform(const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, scale, offset] = call.numbers<7>();
  const Generator generator = generator_of(call, {seed, id, id_stride, batches, first});
  const auto factor = static_cast<float>(scale), shift = static_cast<float>(offset);
  float* x = output(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) {
    x[i] = shift + generator.uniform(static_cast<std::uint64_t>(i)) * factor;
  });
}

void integers(const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, modulus] = call.numbers<6>();
  const Generator generator = generator_of(call, {seed, id, id_stride, batches, first});
  const auto n = static_cast<std::uint32_t>(modulus);
  auto* y = output<std::int64_t>(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) { y[i] = draw(generator, i) % n; });
}

void dropout(const OpCall& call, const Views& views) {
  const auto [p, seed, id, id_stride, batches, first] = call.numbers<6>();
  const Generator generator = generator_of(call, {seed, id, id_stride, batches, first});
  const auto first_kept = static_cast<std::uint32_t>(std::floor(p * (1 << 24)));
  const auto factor = static_cast<float>(1 / (1 - p));
  const float* x = input(views, 0);
  auto* mask = output<std::uint8_t>(views, 0);
  float* y = output(views, 1);
  parallel_for(elements(call), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) mask[i] = draw(generator, i) >= first_kept;
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float scaled = x[i] * factor;
      y[i] = mask[i] != 0 ? scaled : 0.0f;
    }
  });
}

}  // namespace memsweep::cpu
