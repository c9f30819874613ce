// What the user's code holds on to: the variables x, target, output and loss of a training loop.
#pragma once

#include <optional>

#include "harness/program/program.h"

namespace memsweep {

/// `del x, target, output, loss` at the end of each step: none of them outlives it.
[[nodiscard]] Program delete_variables(Program program);

/// The batch, where it can require a gradient: tokens cannot.
[[nodiscard]] std::optional<BufferId> floating_input(const Program& forward);

/// The batch of a forward pass requires a gradient: x.requires_grad_(). Throws UsageError for tokens.
[[nodiscard]] Program require_input_gradient(Program forward);

/// The batch is made once, before the first step, and stays; micro-batches all train on the first one.
[[nodiscard]] Program keep_data_resident(Program program);

/// `losses.append(loss)` at the end of each step: the list holds the losses of all steps.
[[nodiscard]] Program list_losses(Program program);

}  // namespace memsweep
