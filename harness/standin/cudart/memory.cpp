#include "harness/standin/cudart/call.h"

namespace memsweep::standin {

extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return call("cudaMalloc", [&](DriverModel& model) {
    Address address = 0;
    const cudaError_t status =
        bytes == 0 ? cudaSuccess : model.memory.allocate(current_device(), bytes, address);
    if (status != cudaSuccess) return status;
    model.shadow.forget({address, bytes});
    *pointer = reinterpret_cast<void*>(address);
    return cudaSuccess;
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

}  // extern "C"
}  // namespace memsweep::standin
