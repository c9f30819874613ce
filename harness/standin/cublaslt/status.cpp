#include <cublasLt.h>

#include "harness/standin/error_names.h"
#include "harness/standin/library_version.h"

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

size_t cublasLtGetVersion() { return cublas_version(); }
size_t cublasLtGetCudartVersion() { return runtime_version(); }

}  // extern "C"
}  // namespace memsweep::standin
