// The driver's functions by name, which is how the runtime and PyTorch come to them. For those that are not
// in the table the version that is asked for does not matter.
#include <dlfcn.h>

#include <array>
#include <string>
#include <string_view>

#include "harness/standin/cuda/call.h"

namespace memsweep::standin {
namespace {

struct EntryPoint {
  std::string_view symbol;  // without the number of its version
  int since;                // the version of CUDA that has it so
  void* function;
};

template <class Function>
EntryPoint entry(std::string_view symbol, int since, Function* function) {
  return {symbol, since, reinterpret_cast<void*>(function)};
}

const std::array kEntryPoints{
    entry("cuInit", 2000, cuInit),
    entry("cuDriverGetVersion", 2020, cuDriverGetVersion),
    entry("cuGetErrorName", 6000, cuGetErrorName),
    entry("cuGetErrorString", 6000, cuGetErrorString),
    entry("cuGetProcAddress", 12000, cuGetProcAddress),
    entry("cuDeviceGetCount", 2000, cuDeviceGetCount),
    entry("cuDeviceGet", 2000, cuDeviceGet),
    entry("cuDeviceGetName", 2000, cuDeviceGetName),
    entry("cuDeviceGetAttribute", 2000, cuDeviceGetAttribute),
    entry("cuDeviceTotalMem", 3020, cuDeviceTotalMem),
    entry("cuMemGetInfo", 3020, cuMemGetInfo),
    entry("cuMemGetAllocationGranularity", 10020, cuMemGetAllocationGranularity),
    entry("cuMemAddressReserve", 10020, cuMemAddressReserve),
    entry("cuMemAddressFree", 10020, cuMemAddressFree),
    entry("cuMemCreate", 10020, cuMemCreate),
    entry("cuMemRelease", 10020, cuMemRelease),
    entry("cuMemMap", 10020, cuMemMap),
    entry("cuMemUnmap", 10020, cuMemUnmap),
    entry("cuMemSetAccess", 10020, cuMemSetAccess),
};

/// The latest version of a function that the library has.
void* find_exported(std::string_view symbol) {
  for (const char* const version : {"_v4", "_v3", "_v2", ""}) {
    if (void* const found = dlsym(RTLD_DEFAULT, (std::string(symbol) + version).c_str())) return found;
  }
  return nullptr;
}

CUdriverProcAddressQueryResult find_entry_point(std::string_view symbol, int cuda_version, void*& function) {
  function = nullptr;
  for (const EntryPoint& row : kEntryPoints) {
    if (row.symbol != symbol) continue;
    if (cuda_version < row.since) return CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
    function = row.function;
    return CU_GET_PROC_ADDRESS_SUCCESS;
  }
  function = find_exported(symbol);
  return function == nullptr ? CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND : CU_GET_PROC_ADDRESS_SUCCESS;
}

}  // namespace

extern "C" {

/// That there is no such function is no error, but what `result` says.
CUresult cuGetProcAddress(const char* symbol, void** function, int cuda_version, cuuint64_t,
                          CUdriverProcAddressQueryResult* result) {
  return driver_query("cuGetProcAddress", [&](const DriverModel&) {
    const CUdriverProcAddressQueryResult found = find_entry_point(symbol, cuda_version, *function);
    if (result != nullptr) *result = found;
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
