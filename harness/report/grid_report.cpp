#include "harness/report/grid_report.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/loss.h"
#include "harness/report/speed.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

std::vector<std::string> cells(const Row& row) {
  const TrialResult& r = row.result;
  const Speed speed = speed_of(&row);
  return {row.variant,
          fmt::format("{}", row.batch),
          std::string(name_of(r.outcome)),
          std::string(name_of(r.phase)),
          format_bytes(r.peak.requested),
          format_bytes(r.peak.allocated),
          format_bytes(r.peak.reserved),
          format_bytes(r.peak.device),
          speed.step,
          speed.spread,
          speed.rate,
          fmt::format("{}", r.alloc_retries),
          std::string(name_of(r.verdict))};
}

}  // namespace

std::string grid_report(std::span<const Row> rows) {
  std::vector<std::vector<std::string>> records{{"variant", "batch", "outcome", "phase", "requested",
                                                 "allocated", "reserved", "device", "step", "+-", "samples/s",
                                                 "retries", "verdict"}};
  for (const Row& row : rows) records.push_back(cells(row));
  std::string text = format_table(records);
  std::string remarks;
  for (const Row& row : rows) remarks += loss_warning(row);
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.result.noisy; })) {
    remarks += kNoisyRemark;
  }
  return remarks.empty() ? text : fmt::format("{}\n{}", text, remarks);
}

}  // namespace memsweep
