#include "harness/standin/cudart/kernels.h"

#include <algorithm>
#include <limits>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/streams.h"
#include "harness/standin/host_kernels.h"

namespace memsweep::standin {
namespace {

constexpr unsigned kMostThreads = 1024;          // a block
constexpr std::size_t kMostShared = 227 * 1024;  // bytes a block, of compute capability 9.0
constexpr int kRegisters = 32;                   // a thread, of every kernel
constexpr int kBlocksEach = 32;                  // a multiprocessor

bool can_launch(dim3 grid, dim3 block, std::size_t shared_bytes) {
  const auto within = [](unsigned extent, unsigned most) { return extent >= 1 && extent <= most; };
  return within(grid.x, std::numeric_limits<int>::max()) && within(grid.y, 65535) && within(grid.z, 65535) &&
         within(block.x, kMostThreads) && within(block.y, kMostThreads) && within(block.z, 64) &&
         block.x * block.y * block.z <= kMostThreads && shared_bytes <= kMostShared;
}

int blocks_each(const Settings& settings, int block_size, std::size_t shared_bytes) {
  constexpr int kWarp = 32;
  constexpr int kAllRegisters = 65536;
  const int threads = (block_size + kWarp - 1) / kWarp * kWarp;
  int blocks = std::min({settings.threads / threads, kAllRegisters / (kRegisters * threads), kBlocksEach});
  if (shared_bytes > 0) blocks = std::min(blocks, static_cast<int>(kMostShared / shared_bytes));
  return blocks;
}

cudaError_t occupancy(std::string_view function, int* blocks, int block_size, std::size_t shared_bytes) {
  return call(function, [&](const DriverModel& model) {
    if (block_size < 1) return cudaErrorInvalidValue;
    *blocks = blocks_each(model.settings, block_size, shared_bytes);
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

/// The kernel runs outside of the lock: it may take long, and other threads have devices to ask.
cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                             size_t shared_bytes, cudaStream_t stream) {
  const char* const name = device_kernel_name(function);
  bool compute = false;
  const cudaError_t status = call("cudaLaunchKernel", [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    note_work(model, stream);
    model.observations.last_kernel = name;
    compute = model.settings.compute;
    if (!compute) model.rules.kernel_launched(name, arguments);
    return can_launch(grid, block, shared_bytes) ? cudaSuccess : cudaErrorInvalidConfiguration;
  });
  if (status != cudaSuccess || !compute || name != nullptr) return status;
  const Dim3 blocks{grid.x, grid.y, grid.z};
  const Dim3 threads{block.x, block.y, block.z};
  return remember(run_host_kernel(function, blocks, threads, arguments) ? cudaSuccess
                                                                        : cudaErrorInvalidDeviceFunction);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  return call("cudaFuncGetAttributes", [&](const DriverModel& model) {
    *attributes = {};
    attributes->maxThreadsPerBlock = kMostThreads;
    attributes->numRegs = kRegisters;
    attributes->ptxVersion = model.settings.capability;
    attributes->binaryVersion = model.settings.capability;
    attributes->maxDynamicSharedSizeBytes = 48 * 1024;
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int block_size,
                                                          size_t dynamic_shared_bytes) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessor", blocks, block_size, dynamic_shared_bytes);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*, int block_size,
                                                                   size_t dynamic_shared_bytes,
                                                                   unsigned int) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", blocks, block_size,
                   dynamic_shared_bytes);
}

}  // extern "C"
}  // namespace memsweep::standin
