// Forward passes that nobody differentiates.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// A forward pass whose loss could be differentiated and never is: each value of the loss holds all that its
/// backward pass would read, until the variable is assigned again. Without this pass, a forward pass is
/// one under torch.no_grad(): nothing outlives its last reader.
/// `total_weight_first`: the order in which the node of nll_loss lets go (PyTorch 2.15; before it the
/// target).
[[nodiscard]] Program keep_graph(Program forward, bool total_weight_first = false);

}  // namespace memsweep
