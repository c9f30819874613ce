// Dry runs in the columns of results files.
//
// Scenario is "dryrun", model the command, device "sim:" and the profile, or "cuda:" and the GPU's name;
// precision and optimizer are the script's own business and empty. A run has a row for each device of each
// process, the variant says which, and batch is 0. A probe of a sweep has one row: the variant is the name of
// what is swept, the batch its value, and the device that of the process that was refused, or the fullest.
// What else differs from a training step of memsweep's own:
//   phase        what lies between two steps counts as data
//   categories   as asked for, without rounding; buffers are weights; inputs are in the activations; what was
//                asked for before the first step and belongs to no module or optimizer is a temporary
//   verdict      flushing: cached memory was given back to the device at least once
//   message      of an oom: the line of the script that asked, and PyTorch's own words; of a run that
//   survived
//                shortages: how many
//   times, loss and hash are empty: nothing is computed.
#pragma once

#include <string>
#include <vector>

#include "harness/report/dryrun_report.h"
#include "harness/report/row.h"

namespace memsweep {

/// What the rows of a dry run have in common.
[[nodiscard]] Row dryrun_row(const std::string& command, const std::string& device);

/// `common`, once for each part.
[[nodiscard]] std::vector<Row> rows_of(const Dryrun& dryrun, const Row& common);

/// `common` with what the probe found.
[[nodiscard]] Row row_of_probe(const Dryrun& dryrun, const Row& common);

}  // namespace memsweep
