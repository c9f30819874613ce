// Errors of CUDA and its libraries, with the call that made them.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace memsweep {

/// A call into CUDA or one of its libraries failed. The sentence names the call, the error and, where it is
/// known, what it was for.
struct CudaError : std::runtime_error {
  CudaError(std::string of_call, std::string its_error, bool no_memory)
      : std::runtime_error(of_call + " failed: " + its_error),
        call(std::move(of_call)),
        error(std::move(its_error)),
        out_of_memory(no_memory) {}

  std::string call;    // "cudaLaunchKernel"
  std::string error;   // "cudaErrorIllegalAddress (an illegal memory access was encountered)"
  bool out_of_memory;  // a library or the driver found no memory for itself; no allocator was asked
};

namespace cuda {

/// Throws CudaError unless `status` is success; clears the error that the runtime would remember.
void check(cudaError_t status, const char* call);
void check(cublasStatus_t status, const char* call);

}  // namespace cuda
}  // namespace memsweep
