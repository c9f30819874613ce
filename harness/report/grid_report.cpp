#include "harness/report/grid_report.h"

#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/duration.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

std::vector<std::string> cells(const Row& row) {
  const TrialResult& r = row.result;
  const bool timed = r.step_seconds.samples > 0;
  return {row.variant,
          fmt::format("{}", row.batch),
          std::string(name_of(r.outcome)),
          std::string(name_of(r.phase)),
          format_bytes(r.peak.requested),
          format_bytes(r.peak.allocated),
          format_bytes(r.peak.reserved),
          format_bytes(r.peak.device),
          timed ? format_duration(r.step_seconds.median) + (r.noisy ? " ?" : "") : "-",
          timed ? fmt::format("{:.4g}", row.samples_per_second()) : "-",
          fmt::format("{}", r.alloc_retries),
          std::string(name_of(r.verdict))};
}

}  // namespace

std::string grid_report(std::span<const Row> rows) {
  std::vector<std::vector<std::string>> records{{"variant", "batch", "outcome", "phase", "requested",
                                                 "allocated", "reserved", "device", "step", "samples/s",
                                                 "retries", "verdict"}};
  for (const Row& row : rows) records.push_back(cells(row));
  return format_table(records);
}

}  // namespace memsweep
