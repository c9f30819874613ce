#include "harness/sweep/scalar.h"

#include <bit>
#include <cstdint>

#include "kernels/half.h"

namespace memsweep {

float read_scalar(Device& device, Address address, DType type) {
  std::uint32_t bits = 0;
  device.read(address, &bits, size_of(type));
  switch (type) {
    case DType::f16: return f32_of_f16(static_cast<std::uint16_t>(bits));
    case DType::bf16: return f32_of_bf16(static_cast<std::uint16_t>(bits));
    default: return std::bit_cast<float>(bits);
  }
}

}  // namespace memsweep
