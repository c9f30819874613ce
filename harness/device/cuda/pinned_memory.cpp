#include "harness/device/cuda/pinned_memory.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "kernels/cuda/check.h"

namespace memsweep {

PinnedMemory::~PinnedMemory() {
  for (const auto& [address, block] : blocks_)
    failures_.settle([at = address] { return cudaFreeHost(reinterpret_cast<void*>(at)); }, "cudaFreeHost");
}

Address PinnedMemory::allocate(std::size_t bytes) {
  const auto known = std::find_if(blocks_.begin(), blocks_.end(), [bytes](const auto& entry) {
    return !entry.second.used && entry.second.bytes == bytes;
  });
  if (known != blocks_.end()) {
    known->second.used = true;
    return known->first;
  }
  void* block = nullptr;
  const cudaError_t status = cudaHostAlloc(&block, bytes, cudaHostAllocDefault);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    throw CudaError("cudaHostAlloc",
                    fmt::format("cudaErrorMemoryAllocation (the host has no {} that can be pinned)",
                                format_bytes(bytes)));
  }
  cuda::check(status, "cudaHostAlloc");
  const auto address = reinterpret_cast<Address>(block);
  blocks_[address] = {bytes, true};
  return address;
}

void PinnedMemory::free(Address address) noexcept { blocks_.at(address).used = false; }

}  // namespace memsweep
