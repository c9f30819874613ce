// Calls that failed where nobody can be told at once: memory is given back, and asked for, without
// exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <optional>
#include <string>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {

class Failures {
 public:
  /// Whether `status` is success; if not, it is noted, and the error that the runtime would remember cleared.
  bool succeeded(cudaError_t status, const char* call) noexcept {
    if (status == cudaSuccess) return true;
    static_cast<void>(cudaGetLastError());
    note(call, cudaGetErrorName(status), cudaGetErrorString(status));
    return false;
  }

  /// The first one since it was asked for last is kept. All are texts that last for ever.
  void note(const char* call, const char* error, const char* meaning) noexcept {
    if (!first_) first_ = {call, error, meaning};
  }

  /// Calls `give_back`, and once more if it fails, so that a failure that passes leaves nothing behind.
  template <typename GiveBack>
  void settle(GiveBack give_back, const char* call) noexcept {
    if (!succeeded(give_back(), call)) static_cast<void>(give_back());
    static_cast<void>(cudaGetLastError());
  }

  /// Throws DeviceError if a call failed since it was asked last.
  void rethrow() {
    if (!first_) return;
    const Failure failure = *first_;
    first_.reset();
    throw DeviceError(fmt::format("{} failed: {} ({})", failure.call, failure.error, failure.meaning));
  }

 private:
  struct Failure {
    const char* call;
    const char* error;
    const char* meaning;
  };
  std::optional<Failure> first_;
};

}  // namespace memsweep
