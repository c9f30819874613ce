// Matrix products by OpenBLAS.
#pragma once

#include <cstdint>

namespace memsweep::cpu {

/// A row-major operand, used as it lies or transposed.
struct Factor {
  const float* data;
  std::int64_t stride;  // from row to row, as it lies
  bool transposed = false;
};

/// c [m,n] = a b + keep * c, with k summed over.
struct Product {
  std::int64_t m, n, k;
  Factor a, b;
  float keep;
  float* c;
  std::int64_t c_stride;
};

/// On all threads.
void multiply(const Product& product);
/// On the thread that calls, which may be inside a parallel loop.
void multiply_here(const Product& product);

/// Multiplications that are worth a thread's time, about 20 microseconds.
inline constexpr double kSmallProduct = 1 << 20;

}  // namespace memsweep::cpu
