// Matrix products as cuBLASLt defines them: d = epilogue(alpha op(a) op(b) + beta c).
#pragma once

#include <cublasLt.h>

#include "harness/standin/cublaslt/descriptors.h"
#include "harness/standin/ranges.h"

namespace memsweep::standin {

struct MatrixProduct {
  MatmulDescription description;
  MatrixLayout a, b, c, d;

  /// Whether what goes into the activation is stored too.
  [[nodiscard]] bool stores_sum() const {
    return description.epilogue == CUBLASLT_EPILOGUE_GELU_AUX ||
           description.epilogue == CUBLASLT_EPILOGUE_GELU_AUX_BIAS;
  }
  /// How it lies: as the result, but for its own strides.
  [[nodiscard]] MatrixLayout sum() const {
    MatrixLayout layout = d;
    layout.leading_dimension = description.sum_leading_dimension;
    layout.batch_stride = description.sum_batch_stride;
    return layout;
  }
};

/// The data of a product; device addresses but for the factors.
struct ProductData {
  float alpha, beta;
  const void* a;
  const void* b;
  const void* c;  // not read where beta is 0
  void* d;
};

/// CUBLAS_STATUS_INVALID_VALUE: the shapes do not go together; CUBLAS_STATUS_NOT_SUPPORTED: cuBLASLt has no
/// such product in f32, or the stand-in does not.
[[nodiscard]] cublasStatus_t check_product(const MatrixProduct& product);

/// Whether all that a product that was checked reads and writes is memory of a device.
[[nodiscard]] bool accessible(const DeviceMemory& memory, const MatrixProduct& product,
                              const ProductData& data);

/// Computes it on the host: operands are widened to f32, sums are f32, results rounded once. In a library of
/// its own, libmemsweep_standin_products.so, that is loaded where something is computed: it brings a BLAS,
/// whose names would take the place of those of programs for which these libraries are preloaded.
extern "C" void memsweep_standin_compute_product(const MatrixProduct& product, const ProductData& data);

}  // namespace memsweep::standin
