// Derives the backward pass of a forward program.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// Appends the backward pass of `program.loss`, or of what it is scaled to, in reverse order of the forward
/// one, and fills in each parameter's gradient; it is complete at the `release` of the backward pass that
/// names it. A value that is read twice gets the sum of both gradients: added to the first in place if nobody
/// else holds that one, as autograd does, else through a visible `add`. Gradients that nobody reads are not
/// made. The seed of the loss lives to the end of the pass. An input that requires a gradient is held by the
/// graph of the loss, and its gradient by it: both live as long as that value of the loss.
[[nodiscard]] Program differentiate(Program program);

/// Appends the end of a step: the gradients of all parameters are dropped (zero_grad, set to none), or
/// where they live for ever filled with zeros.
void append_zero_grad(Program& program);

}  // namespace memsweep
