// What a search for the largest batch found, for people: a table, and what each variant bought and cost.
#pragma once

#include <span>
#include <string>

#include "harness/report/boundary_row.h"
#include "harness/report/row.h"

namespace memsweep {

/// One line a variant, in the order of `boundaries`, and sentences below. The first variant is what the
/// others are compared with. Times and memory are compared at a batch that fits under all; results where they
/// must be the same.
[[nodiscard]] std::string boundary_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries,
                                          bool same_results = true);

/// The largest batch that, with all smaller ones, fits under all variants; 0 if there is none.
[[nodiscard]] std::int64_t common_batch(std::span<const BoundaryRow> boundaries);

}  // namespace memsweep
