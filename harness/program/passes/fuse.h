// Linear layers and the activations behind them as one op each.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// One op for each linear layer with a bias whose result goes into relu, or into the tanh form of gelu, of
/// the same block and nowhere else: what cuBLASLt's epilogues compute. In f32 the values are the same to the
/// bit on the cpu. In 16 bit gelu reads the sum before it is rounded; relu of a rounded sum is the rounded
/// relu. `forward` has its types already; `differentiated`: it will be, and keeps what its backward pass
/// reads. Throws UsageError where there is no such layer.
[[nodiscard]] Program fuse(Program forward, bool differentiated);

}  // namespace memsweep
