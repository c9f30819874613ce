// One batch measured twice: what changed?
#pragma once

#include <string>
#include <vector>

#include "harness/report/changes.h"
#include "harness/report/row.h"

namespace memsweep {

/// "checkpointing sqrt"; of a Row or a BoundaryRow.
template <typename Named>
[[nodiscard]] std::string name_of_variant(const Named& row) {
  return row.scenario + " " + row.variant;
}

[[nodiscard]] std::string name_of_row(const Row& row);

/// What differs between two rows of one subject and batch. Everything but times and results has to be equal:
/// where the batch fits, fewer bytes and retries are better; where memory ran out, no direction is.
[[nodiscard]] std::vector<Change> compare_memory(const Row& base, const Row& next);

/// Times where they are sharp enough to tell, and hashes of results: of rows measured on machines that are
/// alike, or modelled both.
[[nodiscard]] std::vector<Change> compare_speed(const Row& base, const Row& next);

}  // namespace memsweep
