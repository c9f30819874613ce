#include "kernels/cuda/product.h"

#include <algorithm>
#include <bit>

#include "kernels/cuda/check.h"
#include "kernels/cuda/product_plans.h"

namespace memsweep::cuda {
namespace {

/// The largest power of two that divides an address and what is added to it, up to what cuBLASLt asks for.
std::uint32_t alignment_of(const void* data, std::size_t step = 0) {
  constexpr std::uintptr_t kMost = 256;
  const std::uintptr_t bits = std::bit_cast<std::uintptr_t>(data) | step | kMost;
  return std::uint32_t{1} << std::countr_zero(bits);
}

/// `rows` and `columns` of the operand as the product reads it.
ProductProblem::Operand operand_of(const Factor& factor, std::int64_t rows, std::int64_t columns) {
  if (factor.transposed) std::swap(rows, columns);
  const auto step = static_cast<std::size_t>(factor.batch_stride) * size_of(factor.type);
  return {factor.type,
          factor.transposed,
          rows,
          columns,
          factor.stride,
          factor.batch_stride,
          alignment_of(factor.data, step)};
}

ProductProblem problem_of(const Product& p, WorkArea work) {
  return {operand_of(p.a, p.m, p.k),
          operand_of(p.b, p.k, p.n),
          operand_of(p.c, p.m, p.n),
          p.batches,
          p.bias != nullptr ? alignment_of(p.bias) : 0,
          p.activation,
          p.sum != nullptr ? alignment_of(p.sum) : 0,
          p.tf32,
          work.bytes};
}

/// Rows of the sum begin at multiples of 16 bytes (CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD: of 8 elements).
bool sum_can_be_stored(const Product& p) {
  return p.sum == nullptr || (p.n % 8 == 0 && alignment_of(p.sum) >= 16);
}

}  // namespace

bool multiply_if_known(const CudaContext& context, const Product& p, WorkArea work) {
  if (!sum_can_be_stored(p)) return false;
  const ProductPlan* plan =
      context.plans->find(context.cublaslt, problem_of(p, work), {.bias = p.bias, .sum = p.sum});
  if (plan == nullptr) return false;
  const float one = 1;
  check(cublasLtMatmul(context.cublaslt, plan->product.get(), &one, p.b.data, plan->b.get(), p.a.data,
                       plan->a.get(), &p.keep, p.c.data, plan->c.get(), p.c.data, plan->c.get(),
                       &plan->algorithm, work.data, work.bytes, context.stream),
        "cublasLtMatmul");
  return true;
}

void multiply(const CudaContext& context, const Product& p, WorkArea work) {
  if (!multiply_if_known(context, p, work))
    check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic");
}

}  // namespace memsweep::cuda
