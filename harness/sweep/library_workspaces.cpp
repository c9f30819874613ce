#include "harness/sweep/library_workspaces.h"

namespace memsweep {
namespace {

// ATen/cuda/CublasHandlePool.cpp: 32 MiB on Hopper (and on Blackwell since 2.13); two chunks of 4 MiB and
// eight of 16 KiB elsewhere. Measured on 2.11, 2.13 and 2.15.
constexpr std::size_t kLargeCublas = 32U << 20;
constexpr std::size_t kSmallCublas = 2 * (4U << 20) + 8 * (16U << 10);
constexpr std::size_t kCublasLt = 1U << 20;

bool large(PytorchRelease release, int major) {
  return major == 9 || (major >= 10 && release != PytorchRelease::v2_11);
}

}  // namespace

LibraryWorkspaces library_workspaces(PytorchRelease release, int compute_capability) {
  if (compute_capability == 0) return {};
  LibraryWorkspaces sizes{large(release, compute_capability / 10) ? kLargeCublas : kSmallCublas, kCublasLt};
  switch (release) {
    case PytorchRelease::v2_11: sizes.cached = sizes.lt_makes_cublas = true; break;
    case PytorchRelease::v2_13: sizes.cached = sizes.unified = true; break;
    case PytorchRelease::v2_15: break;
  }
  return sizes;
}

}  // namespace memsweep
