// Many variants by what they reach: which of them no other one beats?
#pragma once

#include <span>
#include <string>

#include "harness/report/boundary_row.h"
#include "harness/report/row.h"

namespace memsweep {

/// A table of the variants on the Pareto front over largest batch, samples a second at the common batch and
/// bytes a sample, the largest batch first; below it those that another one beats, with the name of one that
/// does.
[[nodiscard]] std::string front_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries);

}  // namespace memsweep
