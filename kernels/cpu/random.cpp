// Ops that draw from the counter-based generator.
#include <cstdint>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/drawn.h"

namespace memsweep::cpu {
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

void tokens(const OpCall& call, const Views& views) {
  const auto [seed, id, id_stride, batches, first, modulus, shift] = call.numbers<7>();
  const auto length = call.outputs[0].shape.columns();
  // `first` counts tokens of the batch, whose sequences are one shorter than those of the stream.
  const auto start = static_cast<std::int64_t>(first), from = static_cast<std::int64_t>(shift);
  const Generator generator = generator_of(call, {seed, id, id_stride, batches, 0});
  const auto n = static_cast<std::uint32_t>(modulus);
  auto* y = output<std::int64_t>(views, 0);
  for_each_element(elements(call), [=](std::int64_t i) {
    const std::int64_t token = start + i;
    y[i] = draw(generator, token + token / length + from) % n;
  });
}

void dropout(const OpCall& call, const Views& views) {
  const auto [p, seed, id, id_stride, batches, first] = call.numbers<6>();
  const DropoutMask drawn(generator_of(call, {seed, id, id_stride, batches, first}), p);
  const float* x = input(views, 0);
  auto* mask = output<std::uint8_t>(views, 0);
  float* y = output(views, 1);
  parallel_for(elements(call), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) mask[i] = drawn.keeps(i);
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float scaled = x[i] * drawn.factor;
      y[i] = mask[i] != 0 ? scaled : 0.0f;
    }
  });
}

}  // namespace memsweep::cpu
