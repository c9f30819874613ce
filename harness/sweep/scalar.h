// A number that lies in a device's memory.
#pragma once

#include "harness/device/device.h"
#include "kernels/tensor.h"

namespace memsweep {

/// A scalar of f32, f16 or bf16, of a device that computes.
[[nodiscard]] float read_scalar(Device& device, Address address, DType type);

}  // namespace memsweep
