// What code that nvcc compiled calls before main() and around each launch. Not in any public header; the
// signatures are those that nvcc 13 writes calls of.
#include <mutex>
#include <unordered_map>
#include <vector>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/kernels.h"

namespace memsweep::standin {
namespace {

struct DeviceKernels {
  std::mutex mutex;
  std::unordered_map<const void*, const char*> names;  // by function
};

/// Never destroyed: libraries are unloaded in any order.
DeviceKernels& device_kernels() {
  static auto* const kernels = new DeviceKernels;
  return *kernels;
}

struct LaunchConfiguration {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes;
  cudaStream_t stream;
};

/// Between the <<<>>> of a launch and the kernel's host function.
std::vector<LaunchConfiguration>& pending_launches() {
  thread_local std::vector<LaunchConfiguration> pending;
  return pending;
}

}  // namespace

void register_device_kernel(const void* function, const char* name) {
  const std::lock_guard lock(device_kernels().mutex);
  device_kernels().names.insert_or_assign(function, name);
}

const char* device_kernel_name(const void* function) {
  const std::lock_guard lock(device_kernels().mutex);
  const auto found = device_kernels().names.find(function);
  return found == device_kernels().names.end() ? nullptr : found->second;
}

extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* binary = nullptr;  // only its address is handed around
  return &binary;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void**, const char* function, char*, const char* name, int, uint3*, uint3*, dim3*,
                            dim3*, int*) {
  register_device_kernel(function, name);
}

void __cudaRegisterVar(void**, char* variable, char*, const char*, int, std::size_t bytes, int, int) {
  register_symbol(variable, bytes);
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_bytes, CUstream_st* stream) {
  pending_launches().push_back({grid, block, shared_bytes, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_bytes, void* stream) {
  if (pending_launches().empty()) return cudaErrorInvalidConfiguration;
  const LaunchConfiguration launch = pending_launches().back();
  pending_launches().pop_back();
  *grid = launch.grid;
  *block = launch.block;
  *shared_bytes = launch.shared_bytes;
  *static_cast<cudaStream_t*>(stream) = launch.stream;
  return cudaSuccess;
}

/// A kernel's handle is its function.
cudaError_t __cudaGetKernel(const void** kernel, const void* function) {
  *kernel = function;
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                               std::size_t shared_bytes, cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}

}  // extern "C"
}  // namespace memsweep::standin
