#include "harness/report/shortage_report.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

bool is_first_shortage(const Row& row, const BoundaryRow& boundary) {
  return row.scenario == boundary.scenario && row.variant == boundary.variant &&
         row.batch == boundary.first_oom_batch && row.result.outcome == Outcome::oom;
}

std::vector<const Row*> first_shortages(std::span<const Row> rows, std::span<const BoundaryRow> boundaries) {
  std::vector<const Row*> shortages;
  for (const BoundaryRow& boundary : boundaries) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const Row& row) { return is_first_shortage(row, boundary); });
    if (found != rows.end()) shortages.push_back(&*found);
  }
  return shortages;
}

std::vector<std::size_t> filled_categories(const std::vector<const Row*>& shortages) {
  std::vector<std::size_t> filled;
  for (std::size_t c = 0; c < kCategoryCount; ++c) {
    const auto has_bytes = [c](const Row* row) { return row->result.by_category[c] > 0; };
    if (std::any_of(shortages.begin(), shortages.end(), has_bytes)) filled.push_back(c);
  }
  return filled;
}

}  // namespace

std::string shortage_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries) {
  const auto shortages = first_shortages(rows, boundaries);
  if (shortages.empty()) return "";
  const auto categories = filled_categories(shortages);
  std::vector<std::vector<std::string>> records{{"out of memory", "batch", "step", "in phase"}};
  for (std::size_t c : categories) records[0].emplace_back(name_of(static_cast<Category>(c)));
  records[0].emplace_back("refused");
  for (const Row* row : shortages) {
    const TrialResult& result = row->result;
    auto& record = records.emplace_back(std::vector<std::string>{row->variant, fmt::format("{}", row->batch),
                                                                 fmt::format("{}", result.phase_step),
                                                                 std::string(name_of(result.phase))});
    for (std::size_t c : categories) record.push_back(format_bytes(result.by_category[c]));
    record.push_back(format_bytes(result.refused_bytes));
  }
  return format_table(records);
}

}  // namespace memsweep
