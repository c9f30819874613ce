// How cuDNN is to compute convolutions that were met before: it is asked once for each problem.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "kernels/cuda/cudnn.h"
#include "kernels/tensor.h"

namespace memsweep::cuda {

/// What is computed of the other two: result = image convolved with weight, and the gradients.
enum class ConvolutionKind : std::uint8_t { result, image, weight };

/// A convolution but for its addresses, which are multiples of 16 bytes. All three have the same type.
struct ConvolutionProblem {
  using Extents = std::array<int, 4>;

  ConvolutionKind kind;
  DType type;  // f32, f16 or bf16
  bool tf32;   // f32 values may be read with 10 bits of fraction
  Extents image, weight, result;
  int stride, padding;
  std::size_t work_bytes;
  friend auto operator<=>(const ConvolutionProblem&, const ConvolutionProblem&) = default;
};

struct ConvolutionPlan {
  const CudnnFunctions::Kind* functions;
  CudnnOwned image, weight, result, convolution;
  int algorithm = 0;
  std::size_t work_bytes = 0;  // at most the problem's
};

/// In the order in which cuDNN's functions take them: what is computed is the last.
template <class Each>
std::array<Each, 3> in_order(ConvolutionKind kind, Each image, Each weight, Each result) {
  switch (kind) {
    case ConvolutionKind::image: return {weight, result, image};
    case ConvolutionKind::weight: return {image, result, weight};
    default: return {image, weight, result};
  }
}

class ConvolutionPlans {
 public:
  explicit ConvolutionPlans(Cudnn& cudnn) : cudnn_(cudnn) {}

  /// The fastest way, as cuDNN reckons, of those that give the same bits each time and need no more memory
  /// than the problem has. Null where there is none, or no cuDNN; else valid until the next call. Throws
  /// CudaError.
  [[nodiscard]] const ConvolutionPlan* find(cudaStream_t stream, const ConvolutionProblem& problem);

  /// The problem has no way, after all.
  void forget(const ConvolutionProblem& problem) { plans_[problem].reset(); }

  [[nodiscard]] Cudnn& cudnn() const { return cudnn_; }

 private:
  Cudnn& cudnn_;
  std::map<ConvolutionProblem, std::optional<ConvolutionPlan>> plans_;  // nothing: there is no way
};

}  // namespace memsweep::cuda
