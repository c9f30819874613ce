#include "harness/standin/cudart/call.h"
#include "harness/standin/error_names.h"

namespace memsweep::standin {
namespace {

/// What is remembered, and `after` from now on; a broken context's error stays.
cudaError_t exchange_last_error(std::string_view function, cudaError_t after) {
  const auto error = run_call<cudaError_t>(function, [](const DriverModel& model) {
    const cudaError_t broken = model.broken[current_device()];
    return broken != cudaSuccess ? broken : last_error();
  });
  last_error() = after;
  return error;
}

}  // namespace

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

extern "C" {

cudaError_t cudaGetLastError() { return exchange_last_error("cudaGetLastError", cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return exchange_last_error("cudaPeekAtLastError", last_error()); }

const char* cudaGetErrorName(cudaError_t error) {
  const CudaErrorName* const row = find_cuda_error(error);
  return row == nullptr || row->runtime == nullptr ? "unrecognized error code" : row->runtime;
}

const char* cudaGetErrorString(cudaError_t error) {
  const CudaErrorName* const row = find_cuda_error(error);
  return row == nullptr ? "unrecognized error code" : row->meaning;
}

}  // extern "C"
}  // namespace memsweep::standin
