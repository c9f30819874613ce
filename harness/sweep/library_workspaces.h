// What cuBLAS and cuBLASLt borrow from PyTorch's allocator, and for how long.
#pragma once

#include <cstddef>

#include "harness/memory/rules.h"

namespace memsweep {

struct LibraryWorkspaces {
  std::size_t cublas = 0;    // bytes; 0: nothing is borrowed
  std::size_t cublaslt = 0;  // bytes
  /// Kept for the life of the process, one a thread (forward and autograd have one each), instead of
  /// being borrowed for one call.
  bool cached = false;
  /// The first call of cuBLASLt makes the cuBLAS workspace as well.
  bool lt_makes_cublas = false;
  /// cuBLASLt works in the cuBLAS workspace and has none of its own.
  bool unified = false;
};

/// Sizes by compute capability (major * 10 + minor, 0: not a GPU), habits by release.
[[nodiscard]] LibraryWorkspaces library_workspaces(PytorchRelease release, int compute_capability);

}  // namespace memsweep
