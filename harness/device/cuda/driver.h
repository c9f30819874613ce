// The driver's own functions: fetched through the runtime, so that nothing is linked to libcuda, which only
// machines with a GPU have.
#pragma once

#include <cuda.h>

#include <string>
#include <utility>

namespace memsweep {

struct Driver {
  /// Throws CudaError for one that the driver does not have.
  Driver();

  CUresult (*get_error_name)(CUresult, const char**);
  CUresult (*get_error_string)(CUresult, const char**);
  CUresult (*device_get_name)(char*, int, CUdevice);
  CUresult (*address_reserve)(CUdeviceptr*, size_t, size_t, CUdeviceptr, unsigned long long);
  CUresult (*address_free)(CUdeviceptr, size_t);
  CUresult (*create)(CUmemGenericAllocationHandle*, size_t, const CUmemAllocationProp*, unsigned long long);
  CUresult (*release)(CUmemGenericAllocationHandle);
  CUresult (*map)(CUdeviceptr, size_t, size_t, CUmemGenericAllocationHandle, unsigned long long);
  CUresult (*unmap)(CUdeviceptr, size_t);
  CUresult (*set_access)(CUdeviceptr, size_t, const CUmemAccessDesc*, size_t);

  /// The name of an error and what it means: texts that last for ever.
  [[nodiscard]] std::pair<const char*, const char*> describe(CUresult status) const noexcept;

  /// "NVIDIA H100 80GB HBM3". Throws CudaError.
  [[nodiscard]] std::string name_of(int device) const;
};

}  // namespace memsweep
