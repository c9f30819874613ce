// 8-bit vectors: codes of a book, and a scale for each block of values; a block of threads has a block of
// values, a value each.
#include <cmath>

#include "kernels/block_scales.h"
#include "kernels/cuda/block_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/fused_steps.h"

namespace memsweep::cuda {
namespace {

static_assert(kScaleBlock == kThreads && kCodes == kThreads);

using BookValues = std::array<float, kCodes>;

/// A book, and the borders between its codes, in the memory of a block.
struct Book {
  float values[kCodes];
  float borders[kCodes];

  /// To be called by all threads of the block.
  __device__ void read(const Ref& book) {
    values[threadIdx.x] = load(book, threadIdx.x);
    __syncthreads();
    borders[threadIdx.x] = threadIdx.x + 1 < kCodes ? last_before_next(threadIdx.x) : INFINITY;
    __syncthreads();
  }

  /// The code of the nearest value; of two that are as near, the smaller one.
  __device__ std::uint8_t nearest(float x) const {
    int code = 0;
    for (int half = kCodes / 2; half > 0; half /= 2) code += x > borders[code + half - 1] ? half : 0;
    return static_cast<std::uint8_t>(code);
  }

 private:
  /// The largest float that is not past the middle between two values.
  __device__ float last_before_next(unsigned i) const {
    const double middle = (static_cast<double>(values[i]) + static_cast<double>(values[i + 1])) / 2;
    const auto rounded = static_cast<float>(middle);
    return static_cast<double>(rounded) > middle ? nextafterf(rounded, values[i]) : rounded;
  }
};

/// Of numbers that are no NaN.
struct Larger {
  static constexpr float kNone = 0;
  __device__ float operator()(float a, float b) const { return b > a ? b : a; }
};

/// Codes and scales of a vector.
struct Codes {
  std::uint8_t* codes;
  float* scales;

  /// Value i, in block `block`.
  __device__ float read(std::int64_t i, std::int64_t block, const Book& book) const {
    return book.values[codes[i]] * scales[block];
  }

  /// To be called by all threads of the block; those whose i is not below n have 0 for x.
  __device__ void write(std::int64_t i, std::int64_t n, std::int64_t block, float x, const Book& book) const {
    const float largest = over_block(fabsf(x) > 0 ? fabsf(x) : 0, Larger{});
    const float divisor = largest > 0 ? largest : 1;  // of a block of zeros all ratios are 0
    if (i < n) codes[i] = book.nearest(x / divisor);
    if (threadIdx.x == 0) scales[block] = largest;
  }
};

/// Calls value(its number, the number of its block) for each value of all blocks, also for those that the
/// last one lacks.
template <class Value>
__device__ void for_each_block_of_values(std::int64_t n, Value value) {
  for (std::int64_t block = blockIdx.x; block < scale_blocks(n); block += gridDim.x)
    value(block * kScaleBlock + threadIdx.x, block);
}

__global__ void code_book_kernel(BookValues values, Ref book) {
  store(book, threadIdx.x, values[threadIdx.x]);
}

__global__ void quantise_kernel(std::int64_t n, Ref x, Ref given_book, Codes codes) {
  __shared__ Book book;
  book.read(given_book);
  for_each_block_of_values(
      n, [&](std::int64_t i, std::int64_t block) { codes.write(i, n, block, i < n ? load(x, i) : 0, book); });
}

__global__ void dequantise_kernel(std::int64_t n, Codes codes, Ref given_book, Ref x) {
  __shared__ Book book;
  book.read(given_book);
  for_each_block_of_values(n, [&](std::int64_t i, std::int64_t block) {
    if (i < n) store(x, i, codes.read(i, block, book));
  });
}

struct Adam8bit {
  AdamNumbers numbers;
  bool first_step;  // there are no moments yet
  Ref old, g, signed_book, unsigned_book, p;
  Codes m, v;
};

/// A block of the moments is decoded, updated, used and encoded again.
__global__ void adam8bit_kernel(std::int64_t n, Adam8bit step) {
  __shared__ Book signed_book, unsigned_book;
  signed_book.read(step.signed_book);
  unsigned_book.read(step.unsigned_book);
  const AdamNumbers& a = step.numbers;
  for_each_block_of_values(n, [&](std::int64_t i, std::int64_t block) {
    float m = 0, v = 0;
    if (i < n) {
      const float g = load(step.g, i), old = load(step.old, i);
      if (!step.first_step) {
        m = step.m.read(i, block, signed_book);
        v = step.v.read(i, block, unsigned_book);
      }
      m = a.b1 * m + a.rest1 * g;
      v = a.b2 * v + a.rest2 * g * g;
      store(step.p, i, a.keep * old - a.rate * m / (sqrtf(v) / a.correction + a.eps));
    }
    step.m.write(i, n, block, m, signed_book);
    step.v.write(i, n, block, v, unsigned_book);
  });
}

Codes codes_at(void* codes, void* scales) {
  return {static_cast<std::uint8_t*>(codes), static_cast<float*>(scales)};
}

}  // namespace

void code_book(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, {1, kThreads}, code_book_kernel, code_values(call.numbers<1>()[0] != 0),
         output(call, views, 0));
}

void quantise(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for(context, n), quantise_kernel, n, input(call, views, 0), input(call, views, 1),
         codes_at(views.outputs[0], views.outputs[1]));
}

void dequantise(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t n = elements(call);
  launch(context, grid_for(context, n), dequantise_kernel, n, codes_at(views.inputs[0], views.inputs[1]),
         input(call, views, 2), output(call, views, 0));
}

/// The moments are updated where they lie.
void adam8bit_fused(const CudaContext& context, const OpCall& call, const Views& views) {
  const Adam8bit step{AdamNumbers::of_adam8bit(call),
                      call.inputs.size() == 4,
                      input(call, views, 0),
                      input(call, views, 1),
                      input(call, views, 2),
                      input(call, views, 3),
                      output(call, views, 0),
                      codes_at(views.outputs[1], views.outputs[3]),
                      codes_at(views.outputs[2], views.outputs[4])};
  launch(context, grid_for(context, elements(call)), adam8bit_kernel, elements(call), step);
}

}  // namespace memsweep::cuda
