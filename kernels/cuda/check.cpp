#include "kernels/cuda/check.h"

#include <fmt/format.h>

namespace memsweep::cuda {

/// Of the errors after which, as CUDA's documentation says, "the process must be terminated and relaunched".
Consequence consequence_of(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation: return Consequence::no_memory;
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure: return Consequence::device_lost;
    default: return Consequence::none;
  }
}

std::string_view text_of(Consequence consequence) {
  switch (consequence) {
    case Consequence::no_memory:
      return "; a library or the driver had no memory for itself, which no allocator was asked for";
    case Consequence::device_lost: return "; the device is lost to this process";
    case Consequence::none: break;
  }
  return {};
}

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw CudaError(call, fmt::format("{} ({})", cudaGetErrorName(status), cudaGetErrorString(status)),
                  consequence_of(status));
}

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError(call,
                  fmt::format("{} ({})", cublasLtGetStatusName(status), cublasLtGetStatusString(status)),
                  status == CUBLAS_STATUS_ALLOC_FAILED ? Consequence::no_memory : Consequence::none);
}

}  // namespace memsweep::cuda
