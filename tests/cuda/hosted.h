// Bodies of the GPU on tensors of a test: their kernels run on the host.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kernels/cuda/bodies.h"
#include "kernels/cuda/convolution_plans.h"
#include "kernels/cuda/product_plans.h"
#include "tests/kernels/operands.h"

namespace memsweep::testing {

/// The cuDNN that lies beside cuBLASLt's library, as Python's packages have it, or where the loader finds it.
inline std::vector<std::string> find_cudnn() {
  constexpr const char* kLibrary = "libcudnn.so.9";
  Dl_info cublaslt{};
  dladdr(reinterpret_cast<void*>(&cublasLtCreate), &cublaslt);
  const std::filesystem::path folder = std::filesystem::path(cublaslt.dli_fname).parent_path();
  return {folder / kLibrary, folder / "../../cudnn/lib" / kLibrary, kLibrary};
}

/// What bodies need, on a modelled GPU that computes; its memory is poisoned for AddressSanitizer. Of one
/// test program there is one.
class HostedGpu {
 public:
  static constexpr std::size_t kMemory = std::size_t{16} << 20;

  static const HostedGpu& get() {
    static const HostedGpu gpu;
    return gpu;
  }

  [[nodiscard]] const CudaContext& context() const { return context_; }
  /// On which there is no cuDNN.
  [[nodiscard]] CudaContext without_cudnn() const {
    CudaContext context = context_;
    context.convolutions = nullptr;
    return context;
  }
  [[nodiscard]] std::byte* memory() const { return memory_; }

 private:
  HostedGpu() {
    setenv("MEMSWEEP_STANDIN", "compute=on", 1);
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, kMemory), cudaSuccess);
    memory_ = static_cast<std::byte*>(memory);
    ASAN_POISON_MEMORY_REGION(memory_, kMemory);
    EXPECT_EQ(cublasLtCreate(&context_.cublaslt), CUBLAS_STATUS_SUCCESS);
    context_.multiprocessors.count = 4;  // more would only take longer
    context_.plans = &plans_;
    context_.convolutions = &convolutions_;
  }

  CudaContext context_;
  cuda::ProductPlans plans_;
  cuda::Cudnn cudnn_{find_cudnn};
  cuda::ConvolutionPlans convolutions_{cudnn_};
  std::byte* memory_ = nullptr;
};

/// Copies of a call's operands on the GPU. AddressSanitizer is told that nothing else there may be used.
class DeviceOperands {
 public:
  /// `shift`: by how many elements they lie behind the boundaries that allocators keep.
  explicit DeviceOperands(std::size_t shift) : shift_(shift) {}
  ~DeviceOperands() { ASAN_POISON_MEMORY_REGION(HostedGpu::get().memory(), used_); }
  DeviceOperands(const DeviceOperands&) = delete;
  DeviceOperands& operator=(const DeviceOperands&) = delete;

  /// The same place for the same operand.
  void* place(void* host, std::size_t bytes, std::size_t element) {
    const auto [found, is_new] = copies_.try_emplace(host, Copy{nullptr, bytes});
    if (is_new) {
      std::byte* const copy = HostedGpu::get().memory() + used_ + shift_ * element;
      used_ += (bytes + shift_ * element + 2 * Tensor::kBoundary - 1) / Tensor::kBoundary * Tensor::kBoundary;
      EXPECT_LE(used_, HostedGpu::kMemory);
      ASAN_UNPOISON_MEMORY_REGION(copy, bytes);
      EXPECT_EQ(cudaMemcpy(copy, host, bytes, cudaMemcpyHostToDevice), cudaSuccess);
      found->second.device = copy;
    }
    return found->second.device;
  }

  void copy_back() {
    for (const auto& [host, copy] : copies_) {
      EXPECT_EQ(cudaMemcpy(host, copy.device, copy.bytes, cudaMemcpyDeviceToHost), cudaSuccess);
    }
  }

 private:
  struct Copy {
    void* device;
    std::size_t bytes;
  };

  std::size_t shift_;
  std::size_t used_ = 0;
  std::map<void*, Copy> copies_;
};

/// What the body writes where operands lie `shift` elements behind boundaries, with the workspaces that a GPU
/// like `gpu` borrows.
inline std::vector<Tensor> run_on_gpu(const Example& example, std::size_t shift = 0,
                                      const Multiprocessors& gpu = {},
                                      const CudaContext& context = HostedGpu::get().context()) {
  const auto execute = [&](const OpCall& call, const Views& views) {
    DeviceOperands operands(shift);
    const auto place = [&](std::span<void* const> hosts, std::span<const TensorType> types) {
      std::vector<void*> places;
      for (std::size_t i = 0; i < hosts.size(); ++i)
        places.push_back(operands.place(hosts[i], types[i].bytes(), size_of(types[i].dtype)));
      return places;
    };
    const auto inputs = place(views.inputs, call.inputs), outputs = place(views.outputs, call.outputs);
    std::vector<void*> workspaces;
    for (std::size_t i = 0; i < views.workspaces.size(); ++i)
      workspaces.push_back(operands.place(views.workspaces[i], views.workspace_bytes[i], 0));
    cuda_body(call.op)(context, call, {inputs, outputs, workspaces, views.workspace_bytes});
    operands.copy_back();
  };
  return run_by(execute, example, 0, gpu);
}

}  // namespace memsweep::testing
