#include <cblas.h>

#include <cmath>
#include <vector>

#include "harness/standin/cublaslt/product.h"
#include "harness/standin/host_values.h"
#include "kernels/half.h"

namespace memsweep::standin {
namespace {

std::int64_t index_of(const MatrixLayout& layout, std::int64_t batch, std::int64_t row, std::int64_t column) {
  const std::int64_t within = layout.order == CUBLASLT_ORDER_ROW ? row * layout.leading_dimension + column
                                                                 : column * layout.leading_dimension + row;
  return batch * layout.batch_stride + within;
}

/// An f32 copy, column after column (columns, rows).
std::vector<float> widen(const void* data, const MatrixLayout& layout, std::int64_t batch, bool to_tf32) {
  std::vector<float> wide;
  wide.reserve(layout.rows * layout.columns);
  for (std::int64_t column = 0; column < static_cast<std::int64_t>(layout.columns); ++column) {
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(layout.rows); ++row) {
      const float value = load_value(data, layout.type, index_of(layout, batch, row, column));
      wide.push_back(to_tf32 ? tf32_of_f32(value) : value);
    }
  }
  return wide;
}

CBLAS_TRANSPOSE mode(std::int32_t transpose) { return transpose == CUBLAS_OP_N ? CblasNoTrans : CblasTrans; }

/// op(a) op(b) of one batch, column after column (n, m).
std::vector<float> multiply(const MatrixProduct& p, const ProductData& data, std::int64_t batch) {
  const bool tf32 = p.description.compute == CUBLAS_COMPUTE_32F_FAST_TF32 && p.a.type == CUDA_R_32F;
  const std::vector<float> a = widen(data.a, p.a, batch, tf32);
  const std::vector<float> b = widen(data.b, p.b, batch, tf32);
  std::vector<float> sums(p.d.rows * p.d.columns);
  const std::uint64_t k = p.description.transpose_a == CUBLAS_OP_N ? p.a.columns : p.a.rows;
  const auto size = [](std::uint64_t extent) { return static_cast<blasint>(extent); };
  cblas_sgemm(CblasColMajor, mode(p.description.transpose_a), mode(p.description.transpose_b), size(p.d.rows),
              size(p.d.columns), size(k), 1, a.data(), size(p.a.rows), b.data(), size(p.b.rows), 0,
              sums.data(), size(p.d.rows));
  return sums;
}

/// As cuBLASLt's GELU epilogue: the approximation by tanh.
float gelu(float x) { return 0.5F * x * (1 + std::tanh(0.79788456F * (x + 0.044715F * x * x * x))); }

float activate(std::uint32_t epilogue, float x) {
  if ((epilogue & CUBLASLT_EPILOGUE_GELU) != 0) return gelu(x);
  return (epilogue & CUBLASLT_EPILOGUE_RELU) != 0 ? std::fmax(x, 0.0F) : x;
}

}  // namespace

extern "C" void memsweep_standin_compute_product(const MatrixProduct& p, const ProductData& data) {
  const bool biased = (p.description.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0;
  for (std::int64_t batch = 0; batch < p.d.batches; ++batch) {
    const std::vector<float> sums = multiply(p, data, batch);
    auto next = sums.begin();
    for (std::int64_t column = 0; column < static_cast<std::int64_t>(p.d.columns); ++column) {
      for (std::int64_t row = 0; row < static_cast<std::int64_t>(p.d.rows); ++row) {
        float value = data.alpha * *next++;
        if (data.beta != 0)
          value += data.beta * load_value(data.c, p.c.type, index_of(p.c, batch, row, column));
        if (biased) {
          value += load_value(p.description.bias, p.d.type, batch * p.description.bias_batch_stride + row);
        }
        if (p.stores_sum())
          store_value(p.description.sum, p.d.type, index_of(p.sum(), batch, row, column), value);
        store_value(data.d, p.d.type, index_of(p.d, batch, row, column),
                    activate(p.description.epilogue, value));
      }
    }
  }
}

}  // namespace memsweep::standin
