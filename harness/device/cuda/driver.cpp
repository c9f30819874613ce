#include "harness/device/cuda/driver.h"

#include <array>

#include <cuda_runtime_api.h>

#include <fmt/format.h>

#include "kernels/cuda/check.h"

namespace memsweep {
namespace {

/// Of the interface as CUDA 12 had it, which every driver for CUDA 13 has too.
constexpr unsigned kVersion = 12000;

template <typename Function>
void fetch(Function& function, const char* name) {
  void* address = nullptr;
  cudaDriverEntryPointQueryResult result{};
  cuda::check(cudaGetDriverEntryPointByVersion(name, &address, kVersion, cudaEnableDefault, &result),
              "cudaGetDriverEntryPointByVersion");
  if (result != cudaDriverEntryPointSuccess || address == nullptr)
    throw CudaError("cudaGetDriverEntryPointByVersion", std::string("the driver has no ") + name);
  function = reinterpret_cast<Function>(address);
}

}  // namespace

Driver::Driver() {
  fetch(get_error_name, "cuGetErrorName");
  fetch(get_error_string, "cuGetErrorString");
  fetch(device_get_name, "cuDeviceGetName");
  fetch(address_reserve, "cuMemAddressReserve");
  fetch(address_free, "cuMemAddressFree");
  fetch(create, "cuMemCreate");
  fetch(release, "cuMemRelease");
  fetch(map, "cuMemMap");
  fetch(unmap, "cuMemUnmap");
  fetch(set_access, "cuMemSetAccess");
}

std::pair<const char*, const char*> Driver::describe(CUresult status) const noexcept {
  const char *error = "an error without a name", *meaning = error;
  static_cast<void>(get_error_name(status, &error));
  static_cast<void>(get_error_string(status, &meaning));
  return {error, meaning};
}

std::string Driver::name_of(int device) const {
  std::array<char, 256> name{};
  const CUresult status = device_get_name(name.data(), static_cast<int>(name.size()), device);
  if (status == CUDA_SUCCESS) return name.data();
  const auto [error, meaning] = describe(status);
  throw CudaError("cuDeviceGetName", fmt::format("{} ({})", error, meaning),
                  cuda::consequence_of(static_cast<cudaError_t>(status)));
}

}  // namespace memsweep
