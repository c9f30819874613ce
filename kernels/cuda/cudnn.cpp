#include "kernels/cuda/cudnn.h"

#include <dlfcn.h>

#include <array>
#include <string>

#include <fmt/format.h>

namespace memsweep::cuda {
namespace {

constexpr std::size_t kMajorVersion = 9;  // whose numbers cudnn_api.h has

template <class Address>
bool fetch_address(void* library, const char* name, Address& address) {
  address = reinterpret_cast<Address>(dlsym(library, name));
  return address != nullptr;
}

template <class... Functions>
bool fetch_all(void* library, Functions&... functions) {
  return (fetch_address(library, functions.name, functions.address) && ...);
}

/// Whether it has the version that is known here, and was built for the CUDA that is used.
bool fits(void* library, CudnnFunctions& f) {
  std::size_t (*runtime_version)() = nullptr;
  return fetch_address(library, "cudnnGetVersion", f.version) && f.version() / 10'000 == kMajorVersion &&
         fetch_address(library, "cudnnGetCudartVersion", runtime_version) &&
         runtime_version() / 1000 == CUDART_VERSION / 1000;
}

/// Nothing where one is missing, or where it is another library.
std::optional<CudnnFunctions> functions_of(void* library) {
  CudnnFunctions f;
  const auto fetch_kind = [&](CudnnFunctions::Kind& kind) {
    return fetch_all(library, kind.find, kind.workspace, kind.run);
  };
  const bool whole = fits(library, f) && fetch_address(library, "cudnnGetErrorString", f.error_string) &&
                     fetch_address(library, "cudnnGetLastErrorString", f.last_error_string) &&
                     fetch_all(library, f.create, f.destroy, f.set_stream, f.create_tensor, f.destroy_tensor,
                               f.set_tensor, f.create_filter, f.destroy_filter, f.set_filter,
                               f.create_convolution, f.destroy_convolution, f.set_convolution, f.set_math) &&
                     fetch_kind(f.forward) && fetch_kind(f.backward_input) && fetch_kind(f.backward_weight);
  return whole ? std::optional(f) : std::nullopt;
}

Consequence consequence_of(cudnnStatus_t status) {
  const bool memory = status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
                      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
  return memory ? Consequence::no_memory : Consequence::none;
}

}  // namespace

bool is_refusal(cudnnStatus_t status) {
  const auto category = static_cast<cudnnStatus_t>(status / 1000 * 1000);
  return category == CUDNN_STATUS_BAD_PARAM || category == CUDNN_STATUS_NOT_SUPPORTED ||
         status == CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH ||
         status == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED;
}

void Cudnn::load() {
  if (loaded_) return;
  for (const std::string& name : find_()) {  // what is opened stays open: functions of it may be in use
    void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) functions_ = functions_of(library);
    if (functions_) break;
  }
  loaded_ = true;
}

std::optional<std::size_t> Cudnn::version() {
  load();
  return functions_ ? std::optional(functions_->version()) : std::nullopt;
}

cudnnHandle_t Cudnn::handle(cudaStream_t stream) {
  if (handle_ != nullptr) return handle_.get();
  load();
  if (!functions_ || unusable_) return nullptr;
  cudnnHandle_t made = nullptr;
  const cudnnStatus_t status = functions_->create.address(&made);
  unusable_ = is_refusal(status);
  if (unusable_) return nullptr;
  check(status, functions_->create.name);
  CudnnOwned handle(made, {&functions_->destroy});
  call(functions_->set_stream, made, stream);
  handle_ = std::move(handle);
  return made;
}

void Cudnn::check(cudnnStatus_t status, const char* call) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> message{};
  functions_->last_error_string(message.data(), message.size() - 1);
  throw CudaError(call,
                  fmt::format("{} ({})", functions_->error_string(status),
                              message[0] == '\0' ? "cuDNN says no more" : message.data()),
                  consequence_of(status));
}

CudnnOwned Cudnn::make(const CudnnFunction<void**>& create, const CudnnFunction<void*>& destroy) const {
  void* made = nullptr;
  const cudnnStatus_t status = create.address(&made);
  if (is_refusal(status)) return {nullptr, {&destroy}};
  check(status, create.name);
  return {made, {&destroy}};
}

}  // namespace memsweep::cuda
