// One GPU, from when it is opened to when it is closed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/device/cuda/cudnn_library.h"
#include "harness/device/cuda/driver.h"
#include "harness/device/cuda/event_clock.h"
#include "harness/device/cuda/failures.h"
#include "harness/device/cuda/memory.h"
#include "harness/device/cuda/nvml.h"
#include "harness/device/cuda/pinned_memory.h"
#include "harness/device/device.h"
#include "harness/device/open_cuda.h"
#include "harness/memory/sources/limited.h"
#include "kernels/cuda/bodies.h"
#include "kernels/cuda/check.h"
#include "kernels/cuda/convolution_plans.h"
#include "kernels/cuda/product_plans.h"

namespace memsweep {

/// A stream of its own that does not wait for others'.
class CudaStream {
 public:
  CudaStream();
  ~CudaStream() {
    cuda::give_back([this] { return cudaStreamDestroy(stream_); });
  }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class CublasLt {
 public:
  CublasLt();
  ~CublasLt() {
    cuda::give_back([this] { return cublasLtDestroy(handle_); });
  }
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;
  [[nodiscard]] cublasLtHandle_t get() const { return handle_; }

 private:
  cublasLtHandle_t handle_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  /// The request's GPU is the current device. Throws CudaError, and UsageError for a cap that does not fit.
  explicit CudaDevice(const CudaRequest& request);

  std::string name() const override;
  const Profile& profile() const override { return profile_; }
  SegmentSource& memory() override;
  Address allocate_host(std::size_t bytes) override;
  void free_host(Address address) noexcept override { host_.free(address); }
  void execute(const OpCall& call, const Views& views) override;
  double now() override;
  bool throttled() override { return nvml_.state().throttled; }
  std::string condition() override;
  std::string libraries() const override { return describe(cudnn_); }
  void expect_sound() override { failures_.rethrow(); }
  bool computes() const override { return true; }
  void read(Address from, void* to, std::size_t bytes) override;

 private:
  /// What `work` returns. A DeviceError says what was being done when a call failed.
  template <typename Work>
  auto doing(std::string_view what, Work work);
  /// Makes the libraries load what they load for the first product of each type.
  void warm_up();

  Failures failures_;
  Driver driver_;
  CudaStream stream_;
  CublasLt cublaslt_;
  cuda::ProductPlans plans_;
  mutable cuda::Cudnn cudnn_{find_cudnn};  // opened when it is first asked for
  cuda::ConvolutionPlans convolutions_{cudnn_};
  Profile profile_;
  CudaContext context_;
  CudaMemory memory_;
  PinnedMemory host_;
  EventClock clock_;
  Nvml nvml_;
  std::optional<LimitedSource> limited_;
  Op last_op_ = Op::release;
};

}  // namespace memsweep
