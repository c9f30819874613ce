// Memory in the order of a stream. The handle of a device's pool is the pool's own address.
#include <algorithm>

#include "harness/standin/cudart/call.h"

namespace memsweep::standin {
namespace {

MemoryPool* find_pool(DriverModel& model, cudaMemPool_t handle) {
  const auto found = std::ranges::find_if(model.pools, [handle](const MemoryPool& pool) {
    return static_cast<const void*>(&pool) == static_cast<const void*>(handle);
  });
  return found == model.pools.end() ? nullptr : &*found;
}

cudaError_t get_pool(std::string_view function, cudaMemPool_t* handle, int device) {
  return call(function, [&](DriverModel& model) {
    if (!model.has_device(device)) return cudaErrorInvalidDevice;
    *handle = reinterpret_cast<cudaMemPool_t>(&model.pools[device]);
    return cudaSuccess;
  });
}

int* switch_of(MemoryPool& pool, cudaMemPoolAttr attribute) {
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies: return &pool.follow_event_dependencies;
    case cudaMemPoolReuseAllowOpportunistic: return &pool.allow_opportunistic;
    case cudaMemPoolReuseAllowInternalDependencies: return &pool.allow_internal_dependencies;
    default: return nullptr;
  }
}

std::uint64_t* bytes_of(MemoryPool& pool, cudaMemPoolAttr attribute) {
  switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold: return &pool.release_threshold;
    case cudaMemPoolAttrReservedMemCurrent: return &pool.reserved.now;
    case cudaMemPoolAttrReservedMemHigh: return &pool.reserved.high;
    case cudaMemPoolAttrUsedMemCurrent: return &pool.used.now;
    case cudaMemPoolAttrUsedMemHigh: return &pool.used.high;
    default: return nullptr;
  }
}

/// A high-water mark can only be set back, to what is so now.
cudaError_t set_bytes(MemoryPool& pool, cudaMemPoolAttr attribute, std::uint64_t value) {
  if (attribute == cudaMemPoolAttrReleaseThreshold) {
    pool.release_threshold = value;
    return cudaSuccess;
  }
  MemoryPool::Level* const level = attribute == cudaMemPoolAttrReservedMemHigh ? &pool.reserved
                                   : attribute == cudaMemPoolAttrUsedMemHigh   ? &pool.used
                                                                               : nullptr;
  if (level == nullptr || value != 0) return cudaErrorInvalidValue;
  level->high = level->now;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  return call("cudaMallocAsync", [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    Address address = 0;
    const cudaError_t status =
        bytes == 0 ? cudaSuccess : model.pools[current_device()].allocate(bytes, address);
    if (status == cudaSuccess) *pointer = reinterpret_cast<void*>(address);
    return status;
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return call("cudaFreeAsync", [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    if (pointer == nullptr) return cudaSuccess;
    const auto address = address_of(pointer);
    const int device = model.memory.device_of(address);
    return device < 0 ? cudaErrorInvalidValue : model.pools[device].free(address);
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return get_pool("cudaDeviceGetDefaultMemPool", pool, device);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  return get_pool("cudaDeviceGetMemPool", pool, device);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return call("cudaMemPoolGetAttribute", [&](DriverModel& model) {
    MemoryPool* const pool = find_pool(model, handle);
    if (pool == nullptr) return cudaErrorInvalidValue;
    if (const int* const on = switch_of(*pool, attribute)) {
      *static_cast<int*>(value) = *on;
    } else if (const std::uint64_t* const bytes = bytes_of(*pool, attribute)) {
      *static_cast<std::uint64_t*>(value) = *bytes;
    } else {
      return cudaErrorInvalidValue;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return call("cudaMemPoolSetAttribute", [&](DriverModel& model) {
    MemoryPool* const pool = find_pool(model, handle);
    if (pool == nullptr) return cudaErrorInvalidValue;
    if (int* const on = switch_of(*pool, attribute)) {
      *on = *static_cast<const int*>(value);
      return cudaSuccess;
    }
    return set_bytes(*pool, attribute, *static_cast<const std::uint64_t*>(value));
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, size_t bytes_to_keep) {
  return call("cudaMemPoolTrimTo", [&](DriverModel& model) {
    MemoryPool* const pool = find_pool(model, handle);
    if (pool == nullptr) return cudaErrorInvalidValue;
    pool->trim(bytes_to_keep);
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
