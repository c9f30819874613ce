// One row of an experiment's results: a stage of it, and the columns in which it is written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/report/column.h"
#include "harness/sweep/experiment.h"

namespace memsweep {

struct StageRow {
  std::string scenario;
  std::string subject;
  std::string variant;
  std::string device;
  std::int64_t stages = 1;  // of the experiment: so many rows together are all that it gave
  Stage stage;

  /// Whether its times come from a profile, not from a clock.
  [[nodiscard]] bool modelled() const { return device.starts_with("sim:"); }
};

template <>
[[nodiscard]] std::span<const Column<StageRow>> columns<StageRow>();

/// How many of `rows`, from the first on, are those of experiments that are there with all their stages.
[[nodiscard]] std::size_t whole_experiments(std::span<const StageRow> rows);

/// The experiments of `rows`, all of which are whole.
[[nodiscard]] std::vector<ExperimentResult> experiment_results(std::span<const StageRow> rows);

}  // namespace memsweep
