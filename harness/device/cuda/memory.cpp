#include "harness/device/cuda/memory.h"

#include <cstdint>
#include <limits>

#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

void* pointer(Address address) noexcept { return reinterpret_cast<void*>(address); }

}  // namespace

Address CudaMemory::allocate(std::size_t bytes) noexcept {
  void* segment = nullptr;
  const cudaError_t status = cudaMalloc(&segment, bytes);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    return 0;
  }
  if (!failures_.succeeded(status, "cudaMalloc")) return 0;
  held_ += round_to_granule(bytes);
  return reinterpret_cast<Address>(segment);
}

void CudaMemory::release(Address address, std::size_t bytes) noexcept {
  failures_.settle([address] { return cudaFree(pointer(address)); }, "cudaFree");
  held_ -= round_to_granule(bytes);
}

SegmentSource::Info CudaMemory::info() const noexcept {
  std::size_t free = 0, total = 0;
  if (!failures_.succeeded(cudaMemGetInfo(&free, &total), "cudaMemGetInfo")) return {};
  return {total, total - free};
}

StreamOrderedPool* CudaMemory::pool() noexcept {
  if (pool_) return &*pool_;
  cudaMemPool_t pool = nullptr;
  if (!failures_.succeeded(cudaDeviceGetDefaultMemPool(&pool, device_), "cudaDeviceGetDefaultMemPool"))
    return nullptr;
  std::uint64_t kept = std::numeric_limits<std::uint64_t>::max();
  if (!failures_.succeeded(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept),
                           "cudaMemPoolSetAttribute"))
    return nullptr;
  return &pool_.emplace(pool, stream_, failures_);
}

Address CudaMemory::reserve(std::size_t bytes) noexcept {
  CUdeviceptr range = 0;
  const bool reserved = succeeded(driver_.address_reserve(&range, bytes, 0, 0, 0), "cuMemAddressReserve");
  return reserved ? static_cast<Address>(range) : 0;
}

void CudaMemory::unreserve(Address address, std::size_t bytes) noexcept {
  succeeded(cuda::give_back([&] { return driver_.address_free(address, bytes); }), "cuMemAddressFree");
}

bool CudaMemory::map(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  std::size_t mapped = 0;
  while (mapped < count && map_page(address + mapped * page_bytes, page_bytes)) ++mapped;
  held_ += mapped * page_bytes;
  CUmemAccessDesc access{};
  access.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  access.location.id = device_;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  if (mapped == count &&
      succeeded(driver_.set_access(address, count * page_bytes, &access, 1), "cuMemSetAccess"))
    return true;
  unmap(address, page_bytes, mapped);
  return false;
}

/// The page keeps its memory when the handle is released, until it is unmapped.
bool CudaMemory::map_page(Address address, std::size_t bytes) noexcept {
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device_;
  CUmemGenericAllocationHandle handle = 0;
  const CUresult created = driver_.create(&handle, bytes, &properties, 0);
  if (created == CUDA_ERROR_OUT_OF_MEMORY || !succeeded(created, "cuMemCreate")) return false;
  const bool mapped = succeeded(driver_.map(address, bytes, 0, handle, 0), "cuMemMap");
  succeeded(cuda::give_back([&] { return driver_.release(handle); }), "cuMemRelease");
  return mapped;
}

void CudaMemory::unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept {
  if (count == 0) return;
  // Unlike cudaFree, unmapping does not wait for who still works there.
  failures_.succeeded(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  for (std::size_t page = 0; page < count; ++page) {
    const CUdeviceptr place = address + page * page_bytes;
    succeeded(cuda::give_back([&] { return driver_.unmap(place, page_bytes); }), "cuMemUnmap");
  }
  held_ -= count * page_bytes;
}

bool CudaMemory::succeeded(CUresult status, const char* call) noexcept {
  if (status == CUDA_SUCCESS) return true;
  const auto [error, meaning] = driver_.describe(status);
  failures_.note(call, error, meaning, cuda::consequence_of(static_cast<cudaError_t>(status)));
  return false;
}

}  // namespace memsweep
