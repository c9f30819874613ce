// Device memory that was borrowed for a call.
#pragma once

#include <cstddef>

#include "kernels/op.h"

namespace memsweep::cuda {

struct WorkArea {
  void* data = nullptr;
  std::size_t bytes = 0;
};

/// The i-th workspace of a call, if it was borrowed and its size is known; else none.
[[nodiscard]] inline WorkArea borrowed(const Views& views, std::size_t i) {
  if (i >= views.workspaces.size() || i >= views.workspace_bytes.size()) return {};
  return {views.workspaces[i], views.workspace_bytes[i]};
}

}  // namespace memsweep::cuda
