// Streams of the counter-based generator, as the attributes of an op name them.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/generator.h"
#include "kernels/op.h"

namespace memsweep {

/// The attributes that all ops share that draw.
struct Drawn {
  double seed, id, id_stride, batches, first;
};

/// Tensor id = id + id_stride * batch from its element `first` on, where training step t (from 1) uses batch
/// (t - 1) mod batches.
inline Generator generator_of(const OpCall& call, const Drawn& drawn) {
  const auto batch = static_cast<std::uint64_t>((call.step - 1) % static_cast<std::int64_t>(drawn.batches));
  const auto id = static_cast<std::uint64_t>(drawn.id) + static_cast<std::uint64_t>(drawn.id_stride) * batch;
  return Generator(static_cast<std::uint64_t>(drawn.seed), id).from(static_cast<std::uint64_t>(drawn.first));
}

constexpr std::uint32_t draw(const Generator& generator, std::int64_t i) {
  return generator.u24(static_cast<std::uint64_t>(i));
}

/// Which elements dropout keeps, and what they are multiplied with.
struct DropoutMask {
  Generator generator;
  std::uint32_t first_kept;
  float factor;

  DropoutMask(const Generator& drawn, double p)
      : generator(drawn),
        first_kept(static_cast<std::uint32_t>(std::floor(p * (1 << 24)))),
        factor(static_cast<float>(1 / (1 - p))) {}

  [[nodiscard]] constexpr bool keeps(std::int64_t i) const { return draw(generator, i) >= first_kept; }
};

}  // namespace memsweep
