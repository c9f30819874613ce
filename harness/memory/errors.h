// The one expected failure of an allocator.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include "harness/base/errors.h"
#include "harness/memory/backend.h"

namespace memsweep {

/// An allocator has no memory for a request; all sizes in bytes. The allocator stays usable.
struct OutOfMemory : std::exception {
  enum class Cause {
    exhausted,  // neither the device nor the allocator's limit leaves room
    rejected,   // refused at once because of throw_on_cudamalloc_oom; nothing was tried
    absurd,     // 2^60 bytes or more; nothing was tried
  };

  Cause cause = Cause::exhausted;
  std::size_t requested = 0;     // as the caller asked
  std::size_t rounded = 0;       // the block it would have become
  std::size_t tried = 0;         // the segment the device was asked for
  std::size_t device_total = 0;  // when the request failed, all releases done
  std::size_t device_free = 0;
  std::size_t allocated = 0;         // in live blocks
  std::size_t reserved = 0;          // in segments
  std::optional<std::size_t> limit;  // of the allocator, if one is set
  bool expandable_segments = false;  // whether that remedy is on already
  Backend backend = Backend::native;

  /// The sizes in the order and with the key words of PyTorch's message, so that tools that read
  /// PyTorch's logs read it too. Several lines for Backend::cuda_malloc_async, as there.
  [[nodiscard]] std::string message() const;
  [[nodiscard]] const char* what() const noexcept override;
};

/// For a request of 2^60 bytes or more.
[[nodiscard]] OutOfMemory absurd_request(std::size_t bytes);

}  // namespace memsweep
