// 8-bit vectors: codes of a book, and a scale for each block of values (arXiv 2110.02861;
// tests/golden/training/README.md).
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/block_scales.h"
#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/fused_steps.h"

namespace memsweep::cpu {
namespace {

/// A book, and the borders between its codes.
class Book {
 public:
  explicit Book(const float* values) : values_(values) {
    for (std::size_t i = 0; i < borders_.size(); ++i) borders_[i] = last_before_next(i);
  }

  [[nodiscard]] float operator[](std::uint8_t code) const { return values_[code]; }

  /// The code of the nearest value; of two that are as near, the smaller one.
  [[nodiscard]] std::uint8_t nearest(float x) const {
    std::size_t code = 0;
    for (std::size_t half = kCodes / 2; half > 0; half /= 2) code += x > borders_[code + half - 1] ? half : 0;
    return static_cast<std::uint8_t>(code);
  }

 private:
  /// The largest float that is not past the middle between two values.
  [[nodiscard]] float last_before_next(std::size_t i) const {
    const double middle = (static_cast<double>(values_[i]) + static_cast<double>(values_[i + 1])) / 2;
    const auto rounded = static_cast<float>(middle);
    return static_cast<double>(rounded) > middle ? std::nextafter(rounded, values_[i]) : rounded;
  }

  const float* values_;
  std::array<float, kCodes - 1> borders_{};
};

/// One block of codes and its scale, wherever they lie.
struct Block {
  std::uint8_t* codes;
  float* scale;

  void write(const float* x, std::int64_t n, const Book& book) const {
    float largest = 0;
#pragma omp simd reduction(max : largest)
    for (std::int64_t i = 0; i < n; ++i) largest = std::abs(x[i]) > largest ? std::abs(x[i]) : largest;
    *scale = largest;
    const float divisor = largest > 0 ? largest : 1;  // of a block of zeros all ratios are 0
    for (std::int64_t i = 0; i < n; ++i) codes[i] = book.nearest(x[i] / divisor);
  }
};

struct ConstBlock {
  const std::uint8_t* codes;
  const float* scale;

  void read(float* x, std::int64_t n, const Book& book) const {
    for (std::int64_t i = 0; i < n; ++i) x[i] = book[codes[i]] * *scale;
  }
};

/// Calls block(index, first element, elements) for each block of scales, on all threads.
template <class Body>
void for_each_block(std::int64_t n, const Body& block) {
  parallel_for(scale_blocks(n), kElementGrain / kScaleBlock, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      block(b, b * kScaleBlock, std::min(kScaleBlock, n - b * kScaleBlock));
    }
  });
}

}  // namespace

void code_book(const OpCall& call, const Views& views) {
  std::ranges::copy(code_values(call.numbers<1>()[0] != 0), output(views, 0));
}

void quantise(const OpCall& call, const Views& views) {
  const Book book(input(views, 1));
  const float* x = input(views, 0);
  auto* codes = output<std::uint8_t>(views, 0);
  float* scales = output(views, 1);
  for_each_block(elements(call), [&](std::int64_t b, std::int64_t first, std::int64_t n) {
    Block{codes + first, scales + b}.write(x + first, n, book);
  });
}

void dequantise(const OpCall& call, const Views& views) {
  const Book book(input(views, 2));
  const auto* codes = input<std::uint8_t>(views, 0);
  const float* scales = input(views, 1);
  float* x = output(views, 0);
  for_each_block(elements(call), [&](std::int64_t b, std::int64_t first, std::int64_t n) {
    ConstBlock{codes + first, scales + b}.read(x + first, n, book);
  });
}

/// A block of the moments is decoded, updated, used and encoded again.
void adam8bit_fused(const OpCall& call, const Views& views) {
  const AdamNumbers a = AdamNumbers::of_adam8bit(call);
  const bool first_step = call.inputs.size() == 4;
  const float* all_g = input(views, 1);
  const Book signed_book(input(views, 2)), unsigned_book(input(views, 3));
  float* all_p = output(views, 0);
  auto* m_codes = output<std::uint8_t>(views, 1);
  auto* v_codes = output<std::uint8_t>(views, 2);
  float *m_scales = output(views, 3), *v_scales = output(views, 4);
  for_each_block(elements(call), [&](std::int64_t b, std::int64_t first, std::int64_t n) {
    const Block m_block{m_codes + first, m_scales + b}, v_block{v_codes + first, v_scales + b};
    std::array<float, kScaleBlock> moments{}, squares{};
    float *m = moments.data(), *v = squares.data(), *p = all_p + first;
    const float* g = all_g + first;
    if (!first_step) {
      ConstBlock{m_block.codes, m_block.scale}.read(m, n, signed_book);
      ConstBlock{v_block.codes, v_block.scale}.read(v, n, unsigned_book);
    }
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      m[i] = a.b1 * m[i] + a.rest1 * g[i];
      v[i] = a.b2 * v[i] + a.rest2 * g[i] * g[i];
      p[i] = a.keep * p[i] - a.rate * m[i] / (std::sqrt(v[i]) / a.correction + a.eps);
    }
    m_block.write(m, n, signed_book);
    v_block.write(v, n, unsigned_book);
  });
}

}  // namespace memsweep::cpu
