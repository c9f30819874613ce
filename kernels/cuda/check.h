// Errors of CUDA and its libraries, with the call that made them.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace memsweep {
namespace cuda {

/// What an error means beyond the call that met it.
enum class Consequence : std::uint8_t {
  none,
  no_memory,    // for what a library or the driver needs itself; no allocator was asked
  device_lost,  // the context is broken: every later call of this process fails as well
};

[[nodiscard]] Consequence consequence_of(cudaError_t status);
/// The end of a sentence, "; ..."; empty for none.
[[nodiscard]] std::string_view text_of(Consequence consequence);

}  // namespace cuda

/// A call into CUDA or one of its libraries failed. The sentence names the call, the error and what it means.
struct CudaError : std::runtime_error {
  /// `error` is "cudaErrorIllegalAddress (an illegal memory access was encountered)".
  CudaError(const std::string& call, const std::string& error,
            cuda::Consequence consequence = cuda::Consequence::none)
      : std::runtime_error(call + " failed: " + error + std::string(cuda::text_of(consequence))) {}
};

namespace cuda {

/// Throws CudaError unless `status` is success; clears the error that the runtime would remember.
void check(cudaError_t status, const char* call);
void check(cublasStatus_t status, const char* call);

/// Calls what gives something back, and once more if it fails, so that a failure that passes leaves nothing
/// behind. What the first call returned.
template <typename Call>
auto give_back(Call call) noexcept {
  const auto status = call();
  if (status != decltype(call()){}) {
    static_cast<void>(call());
    static_cast<void>(cudaGetLastError());
  }
  return status;
}

}  // namespace cuda
}  // namespace memsweep
