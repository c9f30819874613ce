// The other ways to launch something, and what can be set about kernels, which changes nothing here.
#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/streams.h"

namespace memsweep::standin {

extern "C" {

/// The head of what callers give: attributes of the launch follow.
struct cudaLaunchConfig_st {
  dim3 grid;
  dim3 block;
  size_t shared_bytes;
  cudaStream_t stream;
};

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_st* launch, const void* function, void** arguments) {
  return cudaLaunchKernel(function, launch->grid, launch->block, arguments, launch->shared_bytes,
                          launch->stream);
}

cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                                        size_t shared_bytes, cudaStream_t stream) {
  return cudaLaunchKernel(function, grid, block, arguments, shared_bytes, stream);
}

/// At once, since all that was queued before is done; in a capture when the graph runs, which it never does.
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* user_data) {
  bool captured = false;
  const cudaError_t status = call("cudaLaunchHostFunc", [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const CUstream_st* const found = find_stream(model, stream);
    captured = found != nullptr && found->capture.id != 0;
    note_work(model, stream);
    return cudaSuccess;
  });
  if (status == cudaSuccess && !captured) function(user_data);
  return status;
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* user_data,
                                  unsigned int) {
  const cudaError_t status = call("cudaStreamAddCallback", [&](const DriverModel& model) {
    return is_stream(model, stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
  if (status == cudaSuccess) callback(stream, cudaSuccess, user_data);
  return status;
}

cudaError_t cudaFuncSetAttribute(const void*, int, int) {
  return call("cudaFuncSetAttribute", [](const DriverModel&) { return cudaSuccess; });
}

cudaError_t cudaFuncSetCacheConfig(const void*, int) {
  return call("cudaFuncSetCacheConfig", [](const DriverModel&) { return cudaSuccess; });
}

cudaError_t cudaProfilerStart() {
  return call("cudaProfilerStart", [](const DriverModel&) { return cudaSuccess; });
}

cudaError_t cudaProfilerStop() {
  return call("cudaProfilerStop", [](const DriverModel&) { return cudaSuccess; });
}

}  // extern "C"
}  // namespace memsweep::standin
