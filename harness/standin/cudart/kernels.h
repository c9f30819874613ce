// Kernels that nvcc compiled: known by the address that launches name. They are not run.
#pragma once

namespace memsweep::standin {

void register_device_kernel(const void* function);

/// Whether register_device_kernel() was told of it.
[[nodiscard]] bool is_device_kernel(const void* function);

}  // namespace memsweep::standin
