// Matrix products by cuBLASLt.
#pragma once

#include <cstdint>

#include "kernels/cuda/bodies.h"
#include "kernels/cuda/product_plans.h"
#include "kernels/cuda/work_area.h"

namespace memsweep::cuda {

/// A row-major matrix of f32, f16 or bf16, used as it lies or transposed.
struct Factor {
  void* data;
  DType type;
  std::int64_t stride;  // elements from row to row, as it lies
  bool transposed = false;
  std::int64_t batch_stride = 0;  // elements from matrix to matrix
};

/// c [m,n] = activation(a b + bias + keep * c), with k summed over in f32; both factors have one type.
struct Product {
  std::int64_t m, n, k;
  Factor a, b, c;  // c as it lies
  float keep = 0;
  const void* bias = nullptr;                // [n], of c's type; null: none
  Activation activation = Activation::none;  // another one only with a bias
  void* sum = nullptr;  // [m,n], of c's type, dense: what goes into gelu_tanh; null: it is kept nowhere
  std::int64_t batches = 1;
  bool tf32 = false;  // f32 factors may be read with 10 bits of fraction
};

/// Queues the product, which may use `work` besides its operands. Throws CudaError, also where cuBLASLt knows
/// no way to compute it.
void multiply(const CudaContext& context, const Product& product, WorkArea work);

/// The same, but where cuBLASLt knows no way nothing is queued and the answer is false.
[[nodiscard]] bool multiply_if_known(const CudaContext& context, const Product& product, WorkArea work);

}  // namespace memsweep::cuda
