// What memory was made of when it ran out, for people.
#pragma once

#include <span>
#include <string>

#include "harness/report/boundary_row.h"
#include "harness/report/row.h"

namespace memsweep {

/// One line for each variant's first batch that does not fit: live bytes by category, and the request that
/// was refused. Categories that are empty throughout are left out. Empty if nothing ran out of memory.
[[nodiscard]] std::string shortage_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries);

}  // namespace memsweep
