// How cuBLASLt is to compute products that were met before: it is asked once for each problem, which takes
// longer than many a product.
#pragma once

#include <cublasLt.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>

#include "kernels/cuda/check.h"
#include "kernels/tensor.h"

namespace memsweep::cuda {

/// What cuBLASLt's epilogues compute behind a product.
enum class Activation : std::uint8_t { none, relu, gelu_tanh };

/// A product but for its addresses, of which only their alignment matters.
struct ProductProblem {
  struct Operand {
    DType type;
    bool transposed;
    std::int64_t rows, columns;         // as it lies, row-major
    std::int64_t stride, batch_stride;  // elements
    std::uint32_t alignment;            // bytes
    friend auto operator<=>(const Operand&, const Operand&) = default;
  };

  Operand a, b, c;
  std::int64_t batches;
  std::uint32_t bias_alignment;  // bytes; 0: no bias
  Activation activation;         // none without a bias
  std::uint32_t sum_alignment;   // bytes; 0: what goes into the activation is not stored
  bool tf32;
  std::size_t work_bytes;
  friend auto operator<=>(const ProductProblem&, const ProductProblem&) = default;
};

template <auto Destroy>
struct DestroyedBy {
  template <class Object>
  void operator()(Object* object) const {
    give_back([object] { return Destroy(object); });
  }
};
template <class Handle, auto Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, DestroyedBy<Destroy>>;

/// cuBLASLt counts in columns: row-major operands are transposed to it, so that it computes c' = b' a'.
struct ProductPlan {
  using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
  Layout a, b, c;
  cublasLtMatmulAlgo_t algorithm;
};

/// Addresses of the alignments that a problem names; null where it has none.
struct EpilogueOperands {
  const void* bias;
  void* sum;  // as the result lies
};

class ProductPlans {
 public:
  /// Null where cuBLASLt knows no way; else valid until the next call. Throws CudaError.
  [[nodiscard]] const ProductPlan* find(cublasLtHandle_t handle, const ProductProblem& problem,
                                        const EpilogueOperands& operands);

 private:
  std::map<ProductProblem, std::optional<ProductPlan>> plans_;  // nothing: there is no way
};

}  // namespace memsweep::cuda
