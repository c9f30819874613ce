// Rows of made-up experiments.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/report/stage_row.h"

namespace memsweep::testing {

/// Of an experiment of one stage that fits.
inline StageRow stage_row(std::string subject, std::string variant) {
  StageRow row{.scenario = "made-up",
               .subject = std::move(subject),
               .variant = std::move(variant),
               .device = "cpu",
               .stages = 1,
               .stage = {}};
  row.stage.name = "all";
  row.stage.now = {.requested = 1_MiB, .allocated = 2_MiB, .reserved = 4_MiB, .device = 8_MiB};
  row.stage.peak = {.requested = 100_MiB, .allocated = 101_MiB, .reserved = 120_MiB, .device = 130_MiB};
  row.stage.unused_at_peak = 0.25;
  row.stage.reserved_beyond_live = 19_MiB;
  row.stage.seconds = {.median = 0.100, .iqr = 0.001, .samples = 9};
  return row;
}

inline StageRow refused_row(std::string subject, std::string variant) {
  StageRow row = stage_row(std::move(subject), std::move(variant));
  row.stage.outcome = Outcome::oom;
  row.stage.verdict = Verdict::fragmentation;
  row.stage.scattered = 0.75;
  row.stage.refused_bytes = 24_MiB;
  row.stage.refused_at = 97;
  row.stage.largest_fit = 12_MiB;
  row.stage.message = "CUDA out of memory.";
  return row;
}

/// One row each of the stages that are named.
inline std::vector<StageRow> staged_rows(const std::string& subject, const std::string& variant,
                                         const std::vector<std::string>& stages) {
  std::vector<StageRow> rows;
  for (const std::string& name : stages) {
    StageRow& row = rows.emplace_back(stage_row(subject, variant));
    row.stages = static_cast<std::int64_t>(stages.size());
    row.stage.name = name;
  }
  return rows;
}

}  // namespace memsweep::testing
