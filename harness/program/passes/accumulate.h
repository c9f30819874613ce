// Gradients that are added up instead of made anew.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// `loss = loss / micro_batches` behind the loss of a forward pass; with one micro-batch, nothing.
[[nodiscard]] Program divide_loss(Program forward, int micro_batches);

/// Data, forward and backward pass run once for each micro-batch, each on the next slice of the batch. The
/// first one's gradients stay where they were made; those of the others are added to them and dropped.
/// `program` has been differentiated and has no optimizer yet.
[[nodiscard]] Program accumulate(Program program, int micro_batches);

/// The gradients of the first step stay for ever (zero_grad with set_to_none=False); those of later steps
/// are added to them and dropped. `program` has been differentiated, and accumulated if it is to be.
[[nodiscard]] Program keep_gradients(Program program);

}  // namespace memsweep
