// Which allocator decides the addresses of tensors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace memsweep {

enum class Backend : std::uint8_t {
  native,             // PyTorch's caching allocator: caching_allocator.h
  cuda_malloc_async,  // the driver's pool: async.h
  direct,             // no cache at all: direct.h
};

/// As the setting `backend` names them, in the order of Backend. The last one is memsweep's own word for
/// PYTORCH_NO_CUDA_MEMORY_CACHING=1.
inline constexpr std::array<std::string_view, 3> kBackendNames{"native", "cudaMallocAsync", "direct"};

constexpr std::string_view name_of(Backend backend) noexcept {
  return kBackendNames[static_cast<std::size_t>(backend)];
}

}  // namespace memsweep
