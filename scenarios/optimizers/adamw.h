// AdamW: Adam with decoupled weight decay, and AMSGrad's maximum.
#pragma once

#include "scenarios/optimizer.h"

namespace memsweep {

/// p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
/// p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps), with max(v) over all steps under amsgrad.
/// Transient memory: a copy of all weights (foreach), two of one weight and what is left of the one
/// before (for-loop), none (fused, which keeps a step count per weight on the device).
void append_adamw(Program& program, const OptimizerOptions& options);

}  // namespace memsweep
