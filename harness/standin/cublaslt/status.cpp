#include <cublasLt.h>

#include "harness/standin/error_names.h"

namespace memsweep::standin {

extern "C" {

const char* cublasLtGetStatusName(cublasStatus_t status) {
  const StatusName* const row = find_cublas_status(status);
  return row == nullptr ? "CUBLAS_STATUS_UNKNOWN" : row->name;
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  const StatusName* const row = find_cublas_status(status);
  return row == nullptr ? "unknown status" : row->meaning;
}

size_t cublasLtGetVersion() { return 130100; }  // of CUDA 13.0
size_t cublasLtGetCudartVersion() { return CUDART_VERSION; }

}  // extern "C"
}  // namespace memsweep::standin
