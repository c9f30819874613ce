// Host memory that devices can reach.
#include <cstdlib>

#include "harness/standin/cudart/call.h"

namespace memsweep::standin {
namespace {

cudaError_t allocate_on_host(std::string_view function, void** pointer, std::size_t bytes) {
  return call(function, [&](DriverModel& model) {
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    constexpr std::size_t kHostPage = 4096;
    void* const memory = std::aligned_alloc(kHostPage, (bytes + kHostPage - 1) / kHostPage * kHostPage);
    if (memory == nullptr) return cudaErrorMemoryAllocation;
    model.handles.own("cudaHostAlloc", {memory, std::free});
    model.pinned.emplace(address_of(memory), bytes);
    *pointer = memory;
    return cudaSuccess;
  });
}

/// Whether `pointer` is in host memory that the runtime allocated or was told of.
bool is_pinned(const DriverModel& model, const void* pointer) {
  auto range = model.pinned.upper_bound(address_of(pointer));
  if (range == model.pinned.begin()) return false;
  --range;
  return address_of(pointer) - range->first < range->second;
}

/// `reserved` is left as it is: CUDA 12's callers have no room for it.
void set_attributes(cudaPointerAttributes& attributes, cudaMemoryType type, int device, void* on_device,
                    void* on_host) {
  attributes.type = type;
  attributes.device = device;
  attributes.devicePointer = on_device;
  attributes.hostPointer = on_host;
}

}  // namespace

extern "C" {

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned int) {
  return allocate_on_host("cudaHostAlloc", pointer, bytes);
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return allocate_on_host("cudaMallocHost", pointer, bytes);
}

cudaError_t cudaFreeHost(void* pointer) {
  return call("cudaFreeHost", [&](DriverModel& model) {
    if (pointer == nullptr) return cudaSuccess;
    if (!model.handles.destroy("cudaHostAlloc", pointer)) return cudaErrorInvalidValue;
    model.pinned.erase(address_of(pointer));
    return cudaSuccess;
  });
}

cudaError_t cudaHostRegister(void* pointer, size_t bytes, unsigned int) {
  return call("cudaHostRegister", [&](DriverModel& model) {
    if (pointer == nullptr || bytes == 0) return cudaErrorInvalidValue;
    if (is_pinned(model, pointer)) return cudaErrorHostMemoryAlreadyRegistered;
    model.pinned.emplace(address_of(pointer), bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaHostUnregister(void* pointer) {
  return call("cudaHostUnregister", [&](DriverModel& model) {
    if (model.handles.holds("cudaHostAlloc", pointer)) return cudaErrorInvalidValue;
    return model.pinned.erase(address_of(pointer)) == 1 ? cudaSuccess : cudaErrorHostMemoryNotRegistered;
  });
}

/// Addresses are the same on both sides.
cudaError_t cudaHostGetDevicePointer(void** device_pointer, void* pointer, unsigned int) {
  return call("cudaHostGetDevicePointer", [&](const DriverModel& model) {
    if (!is_pinned(model, pointer)) return cudaErrorInvalidValue;
    *device_pointer = pointer;
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return query("cudaPointerGetAttributes", [&](const DriverModel& model) {
    constexpr int kNoDevice = -2;
    void* const address = const_cast<void*>(pointer);
    const int device = model.memory.device_of(address_of(pointer));
    if (device >= 0) {
      set_attributes(*attributes, cudaMemoryTypeDevice, device, address, nullptr);
    } else if (is_pinned(model, pointer)) {
      set_attributes(*attributes, cudaMemoryTypeHost, current_device(), address, address);
    } else {
      set_attributes(*attributes, cudaMemoryTypeUnregistered, kNoDevice, nullptr, address);
    }
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
