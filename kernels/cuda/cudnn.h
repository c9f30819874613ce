// cuDNN where a machine has it. Nothing is linked to it, and everything works without.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/cuda/check.h"
#include "kernels/cuda/cudnn_api.h"

namespace memsweep::cuda {

/// Gives back what a handle or descriptor of cuDNN stands for.
struct CudnnDestroyer {
  const CudnnFunction<void*>* function;

  void operator()(void* object) const {
    give_back([&] { return function->address(object); });
  }
};
using CudnnOwned = std::unique_ptr<void, CudnnDestroyer>;

/// Whether cuDNN says that it does not take a case, or has not all of its libraries for it: there is another
/// way then. All else that is no success is an error.
[[nodiscard]] bool is_refusal(cudnnStatus_t status);

/// To be used by one thread, on one stream of one GPU.
class Cudnn {
 public:
  /// `find`: files, or names for the loader, of which the first that can be used is; called when cuDNN is
  /// first needed.
  explicit Cudnn(std::function<std::vector<std::string>()> find) : find_(std::move(find)) {}
  ~Cudnn() = default;
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  /// 91900 is 9.19.0; nothing where there is no cuDNN 9 for this version of CUDA.
  [[nodiscard]] std::optional<std::size_t> version();

  /// What calls need, made for `stream` at the first one: its kernels take device memory. Null where cuDNN
  /// cannot be used on this GPU. Throws CudaError.
  [[nodiscard]] cudnnHandle_t handle(cudaStream_t stream);

  /// Of a library that is there.
  [[nodiscard]] const CudnnFunctions& functions() const { return *functions_; }

  /// Throws CudaError for all but success.
  template <class... Parameters>
  void call(const CudnnFunction<Parameters...>& function,
            std::type_identity_t<Parameters>... arguments) const {
    check(function.address(arguments...), function.name);
  }
  void check(cudnnStatus_t status, const char* call) const;

  /// An object made by `create`, which `destroy` gives back; null where cuDNN refuses. Throws CudaError.
  [[nodiscard]] CudnnOwned make(const CudnnFunction<void**>& create,
                                const CudnnFunction<void*>& destroy) const;

 private:
  void load();

  std::function<std::vector<std::string>()> find_;
  bool loaded_ = false, unusable_ = false;
  std::optional<CudnnFunctions> functions_;
  CudnnOwned handle_{nullptr, {nullptr}};
};

}  // namespace memsweep::cuda
