// Stochastic gradient descent, with momentum, Nesterov's too, and coupled weight decay.
#pragma once

#include "scenarios/optimizer.h"

namespace memsweep {

/// g += wd p;  buf = first step ? g : momentum buf + (1 - dampening) g;
/// p -= lr (nesterov ? g + momentum buf : buf). Transient memory: a copy of all gradients where
/// weight decay is on (foreach), of one at a time (for-loop), none (fused).
void append_sgd(Program& program, const OptimizerOptions& options);

}  // namespace memsweep
