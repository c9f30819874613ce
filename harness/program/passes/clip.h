// Gradient clipping by norm, as torch.nn.utils.clip_grad_norm_ does it.
#pragma once

#include <cstdint>

#include "harness/program/program.h"

namespace memsweep {

/// How the norms of the gradients are taken; the ways differ in their transient memory. Foreach makes
/// partial results of all gradients at once, for the norms that PyTorch has kernels for: 1, 2 and infinity.
enum class NormKernels : std::uint8_t {
  foreach_padded,  // as many partial results for each gradient as for the largest: PyTorch before 2.15
  foreach_packed,  // no more than each needs, and a list of where they begin: pytorch/pytorch#190549
  for_loop,        // one gradient after the other
};

struct ClipOptions {
  double max_norm = 1;
  double norm_type = 2;  // at least 1; infinity for the largest magnitude
  NormKernels kernels = NormKernels::foreach_packed;
};

/// Appends: gradients *= min(1, max_norm / (norm of all together + 1e-6)). `program` has been
/// differentiated, and its gradients are complete.
[[nodiscard]] Program clip_gradients(Program program, const ClipOptions& options);

}  // namespace memsweep
