#include <cstdlib>
#include <cstring>

#include "harness/standin/cudart/call.h"

namespace memsweep::standin {
namespace {

Address address_of(const void* pointer) { return reinterpret_cast<Address>(pointer); }

cudaError_t allocate_on_host(std::string_view function, void** pointer, std::size_t bytes) {
  return call(function, [&](DriverModel& model) {
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    constexpr std::size_t kHostPage = 4096;
    void* const memory = std::aligned_alloc(kHostPage, (bytes + kHostPage - 1) / kHostPage * kHostPage);
    if (memory == nullptr) return cudaErrorMemoryAllocation;
    model.handles.own("cudaHostAlloc", {memory, std::free});
    *pointer = memory;
    return cudaSuccess;
  });
}

/// Which sides of a copy are on a device.
struct Sides {
  bool to_device = false;
  bool from_device = false;
};

cudaError_t sides_of(const DriverModel& model, Range to, Range from, cudaMemcpyKind kind, Sides& sides) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  sides.to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice ||
                    (kind == cudaMemcpyDefault && model.memory.device_of(to.address) >= 0);
  sides.from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice ||
                      (kind == cudaMemcpyDefault && model.memory.device_of(from.address) >= 0);
  if (sides.to_device && !model.memory.accessible(to)) return cudaErrorInvalidValue;
  if (sides.from_device && !model.memory.accessible(from)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

/// Where device memory holds nothing, what is read from it are zeros.
void move_bytes(bool backed, Sides sides, void* to, const void* from, std::size_t bytes) {
  if (backed || (!sides.to_device && !sides.from_device)) {
    std::memmove(to, from, bytes);
  } else if (!sides.to_device) {
    std::memset(to, 0, bytes);
  }
}

cudaError_t copy(std::string_view function, void* to, const void* from, std::size_t bytes,
                 cudaMemcpyKind kind, cudaStream_t stream) {
  return call(function, [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    Sides sides;
    const cudaError_t status =
        sides_of(model, {address_of(to), bytes}, {address_of(from), bytes}, kind, sides);
    if (status == cudaSuccess) move_bytes(model.settings.compute, sides, to, from, bytes);
    return status;
  });
}

cudaError_t fill(std::string_view function, void* pointer, int value, std::size_t bytes,
                 cudaStream_t stream) {
  return call(function, [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    if (!model.memory.accessible({address_of(pointer), bytes})) return cudaErrorInvalidValue;
    if (model.settings.compute) std::memset(pointer, value, bytes);
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return call("cudaMalloc", [&](DriverModel& model) {
    Address address = 0;
    const cudaError_t status =
        bytes == 0 ? cudaSuccess : model.memory.allocate(current_device(), bytes, address);
    if (status == cudaSuccess) *pointer = reinterpret_cast<void*>(address);
    return status;
  });
}

cudaError_t cudaFree(void* pointer) {
  return call("cudaFree", [&](DriverModel& model) {
    const Address address = address_of(pointer);
    for (MemoryPool& pool : model.pools) {
      if (pool.holds(address)) return pool.free(address);
    }
    return pointer == nullptr ? cudaSuccess : model.memory.free(address);
  });
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  return call("cudaMemGetInfo", [&](const DriverModel& model) {
    *free_bytes = model.memory.free_bytes(current_device());
    *total = model.memory.capacity();
    return cudaSuccess;
  });
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned int) {
  return allocate_on_host("cudaHostAlloc", pointer, bytes);
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return allocate_on_host("cudaMallocHost", pointer, bytes);
}

cudaError_t cudaFreeHost(void* pointer) {
  return call("cudaFreeHost", [&](DriverModel& model) {
    if (pointer == nullptr || model.handles.destroy("cudaHostAlloc", pointer)) return cudaSuccess;
    return cudaErrorInvalidValue;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return copy("cudaMemcpy", to, from, bytes, kind, nullptr);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return copy("cudaMemcpyAsync", to, from, bytes, kind, stream);
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return fill("cudaMemset", pointer, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return fill("cudaMemsetAsync", pointer, value, bytes, stream);
}

}  // extern "C"
}  // namespace memsweep::standin
