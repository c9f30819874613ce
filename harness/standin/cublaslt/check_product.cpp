#include <algorithm>
#include <array>

#include "harness/standin/cublaslt/product.h"

namespace memsweep::standin {
namespace {

std::size_t size_of(std::uint32_t type) { return type == CUDA_R_32F ? sizeof(float) : 2; }

bool is_layout(const MatrixLayout& layout) {
  const std::uint64_t least = layout.order == CUBLASLT_ORDER_ROW ? layout.columns : layout.rows;
  return layout.rows > 0 && layout.columns > 0 && layout.batches > 0 &&
         layout.leading_dimension >= static_cast<std::int64_t>(least);
}

bool shapes_match(const MatrixProduct& p) {
  const bool a_transposed = p.description.transpose_a != CUBLAS_OP_N;
  const bool b_transposed = p.description.transpose_b != CUBLAS_OP_N;
  const std::uint64_t m = a_transposed ? p.a.columns : p.a.rows;
  const std::uint64_t k = a_transposed ? p.a.rows : p.a.columns;
  const std::uint64_t n = b_transposed ? p.b.rows : p.b.columns;
  return (b_transposed ? p.b.columns : p.b.rows) == k && p.d.rows == m && p.d.columns == n && p.c.rows == m &&
         p.c.columns == n;
}

/// The combinations that cuBLASLt lists for sums in f32: factors of one type, and a result of theirs or f32.
bool types_supported(const MatrixProduct& p) {
  constexpr std::array kTypes{CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF};
  constexpr std::array kComputeTypes{CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_PEDANTIC,
                                     CUBLAS_COMPUTE_32F_FAST_16F, CUBLAS_COMPUTE_32F_FAST_16BF,
                                     CUBLAS_COMPUTE_32F_FAST_TF32};
  const auto is_one_of = [](const auto& values, auto value) {
    return std::ranges::any_of(
        values, [value](auto each) { return static_cast<int>(each) == static_cast<int>(value); });
  };
  const std::int32_t bias = p.description.bias_type;
  return is_one_of(kComputeTypes, p.description.compute) && p.description.scale_type == CUDA_R_32F &&
         is_one_of(kTypes, p.a.type) && p.b.type == p.a.type && p.c.type == p.d.type &&
         (p.d.type == p.a.type || p.d.type == CUDA_R_32F) &&
         (bias == -1 || bias == static_cast<std::int32_t>(p.d.type));
}

bool epilogue_supported(const MatrixProduct& p) {
  constexpr std::array kEpilogues{CUBLASLT_EPILOGUE_DEFAULT,  CUBLASLT_EPILOGUE_RELU,
                                  CUBLASLT_EPILOGUE_BIAS,     CUBLASLT_EPILOGUE_RELU_BIAS,
                                  CUBLASLT_EPILOGUE_GELU,     CUBLASLT_EPILOGUE_GELU_BIAS,
                                  CUBLASLT_EPILOGUE_GELU_AUX, CUBLASLT_EPILOGUE_GELU_AUX_BIAS};
  const auto epilogue = static_cast<cublasLtEpilogue_t>(p.description.epilogue);
  const bool known = std::ranges::find(kEpilogues, epilogue) != kEpilogues.end();
  return known && (epilogue == CUBLASLT_EPILOGUE_DEFAULT || p.d.order == CUBLASLT_ORDER_COL);
}

/// What cuBLASLt asks of the strides of a sum that is stored.
bool sum_fits(const MatrixProduct& p) {
  constexpr std::int64_t kStep = 8;  // elements
  const MatrixLayout sum = p.sum();
  return !p.stores_sum() ||
         (is_layout(sum) && sum.leading_dimension % kStep == 0 && sum.batch_stride % kStep == 0);
}

/// From the first to the last element of all batches.
Range extent_of(const void* data, const MatrixLayout& layout) {
  const bool by_rows = layout.order == CUBLASLT_ORDER_ROW;
  const std::uint64_t lines = by_rows ? layout.rows : layout.columns;
  const std::uint64_t length = by_rows ? layout.columns : layout.rows;
  const std::uint64_t elements = (lines - 1) * static_cast<std::uint64_t>(layout.leading_dimension) + length +
                                 static_cast<std::uint64_t>((layout.batches - 1) * layout.batch_stride);
  return {address_of(data), elements * size_of(layout.type)};
}

}  // namespace

cublasStatus_t check_product(const MatrixProduct& p) {
  for (const MatrixLayout& layout : {p.a, p.b, p.c, p.d}) {
    if (!is_layout(layout) || layout.batches != p.d.batches) return CUBLAS_STATUS_INVALID_VALUE;
    if (static_cast<unsigned>(layout.order) > CUBLASLT_ORDER_ROW) return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (!shapes_match(p) || !sum_fits(p)) return CUBLAS_STATUS_INVALID_VALUE;
  const bool supported = types_supported(p) && epilogue_supported(p) &&
                         p.description.pointer_mode == CUBLASLT_POINTER_MODE_HOST &&
                         p.description.transpose_c == CUBLAS_OP_N;
  return supported ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

bool accessible(const DeviceMemory& memory, const MatrixProduct& p, const ProductData& data) {
  const auto holds = [&memory](const void* matrix, const MatrixLayout& layout) {
    return memory.accessible(extent_of(matrix, layout));
  };
  if (!holds(data.a, p.a) || !holds(data.b, p.b) || !holds(data.d, p.d)) return false;
  if (data.beta != 0 && !holds(data.c, p.c)) return false;
  if (p.stores_sum() && !holds(p.description.sum, p.sum())) return false;
  if ((p.description.epilogue & CUBLASLT_EPILOGUE_BIAS) == 0) return true;
  MatrixLayout bias = p.d;
  bias.columns = 1;
  bias.batch_stride = p.description.bias_batch_stride;
  return holds(p.description.bias, bias);
}

}  // namespace memsweep::standin
