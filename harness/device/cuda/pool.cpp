#include "harness/device/cuda/pool.h"

#include <cstdint>

namespace memsweep {

CudaPool::CudaPool(cudaMemPool_t pool, cudaStream_t stream, Failures& failures)
    : pool_(pool), failures_(failures), streams_{{0, stream}} {}

CudaPool::~CudaPool() {
  for (const auto& [number, stream] : streams_) {
    if (number != 0)
      failures_.settle([stream = stream] { return cudaStreamDestroy(stream); }, "cudaStreamDestroy");
  }
}

Address CudaPool::allocate(std::size_t bytes, Stream stream) {
  std::map<Address, Stream> cradle{{0, stream}};  // host memory is taken before the device's
  auto node = cradle.extract(cradle.begin());
  void* block = nullptr;
  const cudaError_t status = cudaMallocAsync(&block, bytes, stream_of(stream));
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    return 0;
  }
  if (!failures_.succeeded(status, "cudaMallocAsync")) return 0;
  node.key() = reinterpret_cast<Address>(block);
  owners_.insert(std::move(node));
  return reinterpret_cast<Address>(block);
}

void CudaPool::free(Address address, std::span<const Stream> others) {
  const auto owner = owners_.find(address);
  const cudaStream_t stream = stream_of(owner->second);
  for (const Stream other : others) wait_in(stream, stream_of(other));
  failures_.settle([&] { return cudaFreeAsync(reinterpret_cast<void*>(address), stream); }, "cudaFreeAsync");
  owners_.erase(owner);
}

void CudaPool::trim() {
  failures_.settle([&] { return cudaMemPoolTrimTo(pool_, 0); }, "cudaMemPoolTrimTo");
}

void CudaPool::wait_for_frees() noexcept {
  for (const auto& [number, stream] : streams_)
    failures_.succeeded(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

void CudaPool::synchronize(Stream stream) noexcept {
  const auto found = streams_.find(stream);
  if (found != streams_.end())
    failures_.succeeded(cudaStreamSynchronize(found->second), "cudaStreamSynchronize");
}

std::size_t CudaPool::reserved() const noexcept {
  std::uint64_t bytes = 0;
  failures_.succeeded(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &bytes),
                      "cudaMemPoolGetAttribute");
  return bytes;
}

cudaStream_t CudaPool::stream_of(Stream stream) {
  if (const auto known = streams_.find(stream); known != streams_.end()) return known->second;
  cudaStream_t made = nullptr;  // the device's default stream, where none can be made
  if (failures_.succeeded(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking),
                          "cudaStreamCreateWithFlags"))
    streams_.emplace(stream, made);
  return made;
}

/// PyTorch frees in one more stream that waits for all; here it is the block's own that waits.
void CudaPool::wait_in(cudaStream_t waiting, cudaStream_t awaited) noexcept {
  cudaEvent_t event = nullptr;
  if (!failures_.succeeded(cudaEventCreateWithFlags(&event, cudaEventDisableTiming),
                           "cudaEventCreateWithFlags"))
    return;
  if (failures_.succeeded(cudaEventRecord(event, awaited), "cudaEventRecord"))
    failures_.succeeded(cudaStreamWaitEvent(waiting, event, 0), "cudaStreamWaitEvent");
  failures_.settle([event] { return cudaEventDestroy(event); }, "cudaEventDestroy");
}

}  // namespace memsweep
