// Norms of one vector, and of many at once. Sums are f64 and run in an order that the sizes alone decide.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/larger.h"
#include "kernels/cpu/operands.h"
#include "kernels/norm_chunks.h"

namespace memsweep::cpu {
namespace {

template <class Term>
double sum_of(const float* x, std::int64_t n, const Term& term) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += term(std::abs(static_cast<double>(x[i])));
  return sum;
}

/// What a p-norm adds up, |x|^p, or for an infinite p keeps, the largest |x|; and how parts become a norm.
struct Powers {
  double p;

  [[nodiscard]] double of(const float* x, std::int64_t n) const {
    if (p == 1) return sum_of(x, n, [](double a) { return a; });
    if (p == 2) return sum_of(x, n, [](double a) { return a * a; });
    if (!std::isinf(p)) return sum_of(x, n, [this](double a) { return std::pow(a, p); });
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) largest = larger(largest, std::abs(static_cast<double>(x[i])));
    return largest;
  }

  [[nodiscard]] double join(double a, double b) const { return std::isinf(p) ? larger(a, b) : a + b; }

  [[nodiscard]] float root(double joined) const {
    if (p == 2) return static_cast<float>(std::sqrt(joined));
    return static_cast<float>(std::isinf(p) ? joined : std::pow(joined, 1 / p));
  }
};

/// Partial results of operand i, wherever they lie.
struct Range {
  std::int64_t begin, end;
};

}  // namespace

void norm(const OpCall& call, const Views& views) {
  constexpr std::int64_t kParts = 16;
  const Powers powers{call.numbers<1>()[0]};
  const float* x = input(views, 0);
  const std::int64_t n = call.inputs[0].shape.elements();
  const std::int64_t grain = std::max((n + kParts - 1) / kParts, kElementGrain);
  std::array<double, kParts> parts{};
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / grain)] = powers.of(x + begin, end - begin);
  });
  double joined = 0;
  for (const double part : parts) joined = powers.join(joined, part);
  *output(views, 0) = powers.root(joined);
}

void chunk_norms(const OpCall& call, const Views& views) {
  const auto [p, packed] = call.numbers<2>();
  const Powers powers{p};
  float* partial = output(views, call.outputs.size() - 1);
  std::fill_n(partial, call.outputs.back().shape.elements(), 0.0f);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    const std::int64_t n = call.inputs[i].shape.elements();
    const float* x = input(views, i);
    float* mine = partial + first;
    parallel_for(n, kNormChunk, [=](std::int64_t begin, std::int64_t end) {
      mine[begin / kNormChunk] = static_cast<float>(powers.of(x + begin, end - begin));
    });
    if (packed != 0) output<std::int64_t>(views, 0)[i] = first;
    first += packed != 0 ? norm_chunks(n) : call.outputs[0].shape[1];
  }
  if (packed != 0) output<std::int64_t>(views, 0)[call.inputs.size()] = first;
}

void join_norms(const OpCall& call, const Views& views) {
  const Powers powers{call.numbers<2>()[0]};
  const bool packed = call.inputs.size() == 2;
  const float* partial = input(views, packed ? 1 : 0);
  const auto chunks_of = [&](std::size_t i) -> Range {
    if (packed) return {input<std::int64_t>(views, 0)[i], input<std::int64_t>(views, 0)[i + 1]};
    const std::int64_t row = static_cast<std::int64_t>(i), chunks = call.inputs[0].shape[1];
    return {row * chunks, (row + 1) * chunks};
  };
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    double joined = 0;
    for (auto [c, end] = chunks_of(i); c < end; ++c) {
      joined = powers.join(joined, static_cast<double>(partial[c]));
    }
    *output(views, i) = powers.root(joined);
  }
}

void stack(const OpCall& call, const Views& views) {
  for (std::size_t i = 0; i < call.inputs.size(); ++i) output(views, 0)[i] = *input(views, i);
}

}  // namespace memsweep::cpu
