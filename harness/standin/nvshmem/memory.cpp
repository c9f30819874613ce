// What of NVSHMEM is no function with a status: there is no symmetric memory.
#include <cstddef>

#include "harness/standin/unsupported.h"

namespace memsweep::standin {
namespace {

void* no_memory(const char* function) {
  (void)unsupported(function, 0);
  return nullptr;
}

}  // namespace

extern "C" {

int nvshmem_selected_device_transport = 0;

void* nvshmem_malloc(std::size_t) { return no_memory("nvshmem_malloc"); }
void* nvshmem_calloc(std::size_t, std::size_t) { return no_memory("nvshmem_calloc"); }
void* nvshmem_align(std::size_t, std::size_t) { return no_memory("nvshmem_align"); }
void* nvshmem_ptr(const void*, int) { return no_memory("nvshmem_ptr"); }
void* nvshmemx_mc_ptr(int, const void*) { return no_memory("nvshmemx_mc_ptr"); }

}  // extern "C"
}  // namespace memsweep::standin
