// One body an op: what a GPU does when it is asked for that op.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "kernels/op.h"

namespace memsweep {
namespace cuda {
class ConvolutionPlans;
class ProductPlans;
}  // namespace cuda

/// What the bodies of one device share.
struct CudaContext {
  cudaStream_t stream = nullptr;
  cublasLtHandle_t cublaslt = nullptr;
  Multiprocessors multiprocessors;
  cuda::ProductPlans* plans = nullptr;  // of the products that were met (product_plans.h); the device's own
  cuda::ConvolutionPlans* convolutions = nullptr;  // the same of cuDNN (convolution_plans.h); null: without
};

/// Queues a call whose types row_of(op).infer accepted on the context's stream. Operands are as
/// kernels/cpu/bodies.h says, and floating-point ones may be f16 or bf16 as well, each operand for itself:
/// values are widened to f32, computed and summed up in f32, and rounded once. Only gradients of convolutions
/// without cuDNN are rounded on their way, in columns and after each image, which are of the operands' type
/// as PyTorch's are, and what goes into a fused gelu where cuBLASLt cannot store it by itself. A body
/// allocates no device memory (what libraries take for kernels that they use for the first time is theirs)
/// and does not wait for the device; the same inputs give the same bits. Throws CudaError.
using CudaBody = void (*)(const CudaContext& context, const OpCall& call, const Views& views);

/// Null for an op without a body.
[[nodiscard]] CudaBody cuda_body(Op op);

}  // namespace memsweep
