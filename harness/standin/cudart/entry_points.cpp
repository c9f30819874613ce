#include <cuda.h>

#include "harness/standin/cudart/call.h"
#include "harness/standin/library_version.h"

namespace memsweep::standin {
namespace {

static_assert(static_cast<int>(cudaDriverEntryPointSuccess) == CU_GET_PROC_ADDRESS_SUCCESS);
static_assert(static_cast<int>(cudaDriverEntryPointSymbolNotFound) == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
static_assert(static_cast<int>(cudaDriverEntryPointVersionNotSufficent) ==
              CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);

cudaError_t find_entry_point(std::string_view function_name, const char* symbol, void** function,
                             int cuda_version, unsigned long long flags,
                             cudaDriverEntryPointQueryResult* result) {
  const cudaError_t status = query(function_name, [](const DriverModel&) { return cudaSuccess; });
  if (status != cudaSuccess) return status;
  CUdriverProcAddressQueryResult found{};
  const CUresult asked = cuGetProcAddress(symbol, function, cuda_version, flags, &found);
  if (result != nullptr) *result = static_cast<cudaDriverEntryPointQueryResult>(found);
  return remember(static_cast<cudaError_t>(asked));
}

}  // namespace

extern "C" {

cudaError_t cudaGetDriverEntryPoint(const char* symbol, void** function, unsigned long long flags,
                                    cudaDriverEntryPointQueryResult* result) {
  return find_entry_point("cudaGetDriverEntryPoint", symbol, function, runtime_version(), flags, result);
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned int cuda_version,
                                             unsigned long long flags,
                                             cudaDriverEntryPointQueryResult* result) {
  return find_entry_point("cudaGetDriverEntryPointByVersion", symbol, function,
                          static_cast<int>(cuda_version), flags, result);
}

}  // extern "C"
}  // namespace memsweep::standin
