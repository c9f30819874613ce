// Gradients that are added up instead of made anew.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// `loss = loss * share` behind the loss of a forward pass: a micro-batch has that share of the batch's rows.
/// The whole batch is left as it is.
[[nodiscard]] Program weigh_loss(Program forward, double share);

/// Data, forward and backward pass run once for each micro-batch, each on the next slice of the batch. The
/// first one's gradients stay where they were made; those of the others are added to them and dropped.
/// `rows` are those of each micro-batch in turn, `by_rows` has the program of each size: of one model,
/// differentiated, without an optimizer.
[[nodiscard]] Program accumulate(std::map<std::int64_t, Program> by_rows,
                                 const std::vector<std::int64_t>& rows);

/// The gradients of the first step stay for ever (zero_grad with set_to_none=False); those of later steps
/// are added to them and dropped. `program` has been differentiated, and accumulated if it is to be.
[[nodiscard]] Program keep_gradients(Program program);

}  // namespace memsweep
