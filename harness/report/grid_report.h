// A sweep over batches that were asked for, for people.
#pragma once

#include <span>
#include <string>

#include "harness/report/row.h"

namespace memsweep {

/// One line a row, in the order given.
[[nodiscard]] std::string grid_report(std::span<const Row> rows);

}  // namespace memsweep
