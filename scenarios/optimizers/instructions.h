// What the optimizers' files share: instructions of phase `optimizer`.
#pragma once

#include <string_view>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// A result that dies with its last reader.
BufferId append_transient(Program& program, Op op, std::vector<BufferId> inputs,
                          std::vector<double> attributes = {});

/// y = op(y, ...), y being inputs.front().
void append_update(Program& program, Op op, std::vector<BufferId> inputs, std::vector<double> attributes = {},
                   When when = When::every_step);

/// State of a weight: named "what(weight)", made by `op` in the first step, kept for ever.
BufferId append_state(Program& program, std::string_view what, BufferId weight, Op op,
                      std::vector<BufferId> inputs);

/// The inputs live to this point, as variables of a loop do.
void append_release(Program& program, std::vector<BufferId> inputs);

}  // namespace memsweep
