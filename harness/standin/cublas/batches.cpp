// Functions of cuBLAS over many matrices that tell the host whether they were called well: they were.
#include <cublasLt.h>

#include "harness/standin/unsupported.h"

namespace memsweep::standin {
namespace {

cublasStatus_t work_and_tell(const char* function, int* info) {
  const auto status = static_cast<cublasStatus_t>(work_on_device(function, CUBLAS_STATUS_EXECUTION_FAILED));
  if (status == CUBLAS_STATUS_SUCCESS) *info = 0;
  return status;
}

}  // namespace

extern "C" {

#define MEMSWEEP_BATCHES(letter)                                                                           \
  cublasStatus_t cublas##letter##getrsBatched(void*, int, int, int, const void*, int, const int*, void*,   \
                                              int, int* info, int) {                                       \
    return work_and_tell("cublas" #letter "getrsBatched", info);                                           \
  }                                                                                                        \
  cublasStatus_t cublas##letter##geqrfBatched(void*, int, int, void*, int, void*, int* info, int) {        \
    return work_and_tell("cublas" #letter "geqrfBatched", info);                                           \
  }                                                                                                        \
  cublasStatus_t cublas##letter##gelsBatched(void*, int, int, int, int, void*, int, void*, int, int* info, \
                                             int*, int) {                                                  \
    return work_and_tell("cublas" #letter "gelsBatched", info);                                            \
  }
MEMSWEEP_BATCHES(S)
MEMSWEEP_BATCHES(D)
MEMSWEEP_BATCHES(C)
MEMSWEEP_BATCHES(Z)

}  // extern "C"
}  // namespace memsweep::standin
