#include "kernels/cuda/check.h"

#include <fmt/format.h>

namespace memsweep::cuda {

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw CudaError(call, fmt::format("{} ({})", cudaGetErrorName(status), cudaGetErrorString(status)),
                  status == cudaErrorMemoryAllocation);
}

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError(call, cublasLtGetStatusName(status), status == CUBLAS_STATUS_ALLOC_FAILED);
}

}  // namespace memsweep::cuda
