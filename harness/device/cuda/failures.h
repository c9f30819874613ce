// Calls that failed where nobody can be told at once: memory is given back, and asked for, without
// exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "kernels/cuda/check.h"

namespace memsweep {

class Failures {
 public:
  /// What calls come after from now on: the name of an op, which lasts for ever.
  void enter(std::string_view op) noexcept { op_ = op; }

  /// Whether `status` is success; if not, it is noted, and the error that the runtime would remember cleared.
  bool succeeded(cudaError_t status, const char* call) noexcept {
    if (status == cudaSuccess) return true;
    static_cast<void>(cudaGetLastError());
    note(call, cudaGetErrorName(status), cudaGetErrorString(status), cuda::consequence_of(status));
    return false;
  }

  /// The first one since it was asked for last is kept. All are texts that last for ever.
  void note(const char* call, const char* error, const char* meaning,
            cuda::Consequence consequence) noexcept {
    if (!first_) first_ = {op_, call, error, meaning, consequence};
  }

  /// cuda::give_back(), and a failure is noted.
  template <typename GiveBack>
  void settle(GiveBack give_back, const char* call) noexcept {
    succeeded(cuda::give_back(give_back), call);
  }

  /// Throws DeviceError if a call failed since it was asked last.
  void rethrow() {
    if (!first_) return;
    const Failure failure = *first_;
    first_.reset();
    throw DeviceError(fmt::format("managing memory after {}: {} failed: {} ({}){}", failure.op, failure.call,
                                  failure.error, failure.meaning, cuda::text_of(failure.consequence)));
  }

 private:
  struct Failure {
    std::string_view op;
    const char* call;
    const char* error;
    const char* meaning;
    cuda::Consequence consequence;
  };
  std::string_view op_ = "opening the device";
  std::optional<Failure> first_;
};

}  // namespace memsweep
