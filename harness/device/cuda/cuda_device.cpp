#include "harness/device/cuda/cuda_device.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/device/cuda/measured_profile.h"
#include "kernels/cuda/check.h"

namespace memsweep {
namespace {

std::string pci_bus_id(int index) {
  std::array<char, 64> id{};
  cuda::check(cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), index), "cudaDeviceGetPCIBusId");
  return id.data();
}

struct Scratch {
  Scratch(SegmentSource& from, std::size_t size) : source(from), bytes(size), address(from.allocate(size)) {}
  ~Scratch() {
    if (address != 0) source.release(address, bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  SegmentSource& source;
  std::size_t bytes;
  Address address;
};

}  // namespace

CudaStream::CudaStream() {
  cuda::check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

CublasLt::CublasLt() { cuda::check(cublasLtCreate(&handle_), "cublasLtCreate"); }

CudaDevice::CudaDevice(const CudaRequest& request)
    : profile_(measured_profile(request.index, driver_.name_of(request.index))),
      context_{.stream = stream_.get(),
               .cublaslt = cublaslt_.get(),
               .multiprocessors = profile_.multiprocessors,
               .plans = &plans_,
               .convolutions = &convolutions_},
      memory_(request.index, stream_.get(), driver_, failures_),
      host_(failures_),
      clock_(stream_.get()),
      nvml_(pci_bus_id(request.index)) {
  warm_up();
  const SegmentSource::Info info = memory_.info();
  expect_sound();
  profile_.memory_bytes = info.total;
  profile_.context_bytes = info.used;
  if (!request.memory_bytes) return;
  if (*request.memory_bytes > info.total || *request.memory_bytes <= info.used) {
    throw UsageError(fmt::format(
        "--memory {} does not lie between the {} that the context of {} takes and the "
        "{} that it has",
        format_bytes(*request.memory_bytes), format_bytes(info.used), name(), format_bytes(info.total)));
  }
  profile_.memory_bytes = *request.memory_bytes;
  limited_.emplace(memory_, profile_.memory_bytes, profile_.context_bytes);
}

template <typename Work>
auto CudaDevice::doing(std::string_view what, Work work) {
  try {
    return work();
  } catch (const CudaError& error) {
    failures_.rethrow();  // of a broken context, a call before this one may have met the error first
    throw DeviceError(fmt::format("{}: {}", what, error.what()));
  }
}

std::string CudaDevice::name() const { return "cuda:" + profile_.name; }

SegmentSource& CudaDevice::memory() {
  if (limited_) return *limited_;
  return memory_;
}

Address CudaDevice::allocate_host(std::size_t bytes) {
  return doing("taking host memory", [&] { return host_.allocate(bytes); });
}

void CudaDevice::execute(const OpCall& call, const Views& views) {
  last_op_ = call.op;
  failures_.enter(row_of(call.op).name);
  doing(row_of(call.op).name, [&] {
    if (call.op != Op::transfer) return cuda_body(call.op)(context_, call, views);
    cuda::check(cudaMemcpyAsync(views.outputs[0], views.inputs[0], call.outputs[0].bytes(), cudaMemcpyDefault,
                                context_.stream),
                "cudaMemcpyAsync");
  });
}

double CudaDevice::now() {
  return doing(fmt::format("waiting for all up to {}", row_of(last_op_).name), [&] { return clock_.now(); });
}

std::string CudaDevice::condition() {
  const GpuState state = nvml_.state();
  if (state.sm_clock_mhz == 0) return {};
  return fmt::format("{} MHz, {} C{}", state.sm_clock_mhz, state.celsius,
                     state.throttled ? ", throttled" : "");
}

void CudaDevice::read(Address from, void* to, std::size_t bytes) {
  doing(fmt::format("reading values behind {}", row_of(last_op_).name), [&] {
    cuda::check(cudaStreamSynchronize(context_.stream), "cudaStreamSynchronize");
    cuda::check(cudaMemcpy(to, reinterpret_cast<const void*>(from), bytes, cudaMemcpyDeviceToHost),
                "cudaMemcpy");
  });
}

void CudaDevice::warm_up() {
  constexpr std::int64_t kExtent = 64;
  constexpr std::size_t kPlace = 32_KiB, kWorkspace = 1_MiB;
  const Scratch scratch(memory_, 2_MiB);
  if (scratch.address == 0) return;
  const auto at = [&](std::size_t offset) { return reinterpret_cast<void*>(scratch.address + offset); };
  void* const inputs[] = {at(0), at(kPlace)};
  void* const outputs[] = {at(2 * kPlace)};
  void* const workspaces[] = {at(1_MiB)};
  const double transposed[] = {0, 1};
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    const TensorType matrices[] = {{{kExtent, kExtent}, type}, {{kExtent, kExtent}, type}};
    execute({Op::mm, transposed, matrices, std::span(matrices).first(1)},
            {inputs, outputs, workspaces, std::array{kWorkspace}});
  }
  static_cast<void>(now());
}

}  // namespace memsweep
