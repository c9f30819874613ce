// The errors of the modelled libraries: numbers, names, and what the libraries say of them.
#pragma once

#include <string_view>

namespace memsweep::standin {

/// An error of the CUDA runtime and the driver, which share the numbers. A name is null where one of the two
/// has no such error.
struct CudaErrorName {
  int number;
  const char* runtime;  // "cudaErrorMemoryAllocation"
  const char* driver;   // "CUDA_ERROR_OUT_OF_MEMORY"
  const char* meaning;  // "out of memory"
};

/// Of cuBLAS, cuDNN and NVML, each with numbers of its own.
struct StatusName {
  int number;
  const char* name;  // "CUBLAS_STATUS_ALLOC_FAILED"
  const char* meaning;
};

/// Null for numbers that are not in use.
[[nodiscard]] const CudaErrorName* find_cuda_error(int number);
[[nodiscard]] const StatusName* find_cublas_status(int number);
[[nodiscard]] const StatusName* find_cudnn_status(int number);
[[nodiscard]] const StatusName* find_nvml_return(int number);

/// The number of the error of any of the libraries that is called `name`. Throws UsageError for no such name.
[[nodiscard]] int error_number(std::string_view name);

}  // namespace memsweep::standin
