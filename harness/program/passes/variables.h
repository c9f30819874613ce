// What the user's code holds on to: the variables x, target, output and loss of a training loop.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// `del x, target, output, loss` at the end of each step: none of them outlives it.
[[nodiscard]] Program delete_variables(Program program);

/// The batch is made once, before the first step, and stays; micro-batches all train on the first one.
[[nodiscard]] Program keep_data_resident(Program program);

/// `losses.append(loss)` at the end of each step: the list holds the losses of all steps.
[[nodiscard]] Program list_losses(Program program);

}  // namespace memsweep
