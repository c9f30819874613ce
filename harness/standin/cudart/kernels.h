// What nvcc compiled: kernels, known by the address that launches name, which are not run, and variables.
#pragma once

#include <cstddef>

namespace memsweep::standin {

/// `name` as the compiler calls it; it stays where it is.
void register_device_kernel(const void* function, const char* name);

/// Null for what register_device_kernel() was not told of.
[[nodiscard]] const char* device_kernel_name(const void* function);

/// A variable of `bytes` bytes on the device, for which `variable` stands on the host.
void register_symbol(const void* variable, std::size_t bytes);

}  // namespace memsweep::standin
