// Convolutions by cuDNN.
#pragma once

#include "kernels/cuda/bodies.h"
#include "kernels/cuda/convolution_plans.h"
#include "kernels/cuda/work_area.h"

namespace memsweep::cuda {

/// [N,C,H,W] convolved with [K,C,R,R] is [N,K,H',W'].
struct Convolution {
  struct Operand {
    const TensorType& type;
    void* data;
  };

  ConvolutionKind kind;
  Operand image, weight, result;
  std::int64_t stride, padding;
  bool tf32;
  float keep = 0;  // times what is there already is added
};

/// Queues what `kind` names of the operands, by sums in f32 that give the same bits each time, however cuDNN
/// gets there; may use `work` besides. Where there is no cuDNN, or it has no such way, nothing is queued and
/// the answer is false: always the same one for the same types, numbers, alignment and bytes of work. Throws
/// CudaError.
[[nodiscard]] bool convolve_if_known(const CudaContext& context, const Convolution& convolution,
                                     WorkArea work);

}  // namespace memsweep::cuda
