#include "harness/report/shortage_report.h"

#include <vector>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

Row row(const std::string& variant, std::int64_t batch, Outcome outcome) {
  Row row;
  row.scenario = "checkpointing";
  row.variant = variant;
  row.batch = batch;
  row.result.outcome = outcome;
  row.result.phase = Phase::backward;
  row.result.phase_step = 2;
  row.result.by_category[static_cast<std::size_t>(Category::weight)] = 3_MiB;
  row.result.by_category[static_cast<std::size_t>(Category::activation)] = 70_MiB;
  row.result.refused_bytes = 5_MiB;
  return row;
}

BoundaryRow boundary(const std::string& variant, std::int64_t max_batch) {
  BoundaryRow row;
  row.scenario = "checkpointing";
  row.variant = variant;
  row.max_batch = max_batch;
  row.first_oom_batch = max_batch + 1;
  return row;
}

TEST(ShortageReport, SaysWhatMemoryWasMadeOfAndWhatWasRefused) {
  const std::vector<Row> rows{row("none", 8, Outcome::ok), row("none", 9, Outcome::oom)};
  const std::vector<BoundaryRow> boundaries{boundary("none", 8)};
  EXPECT_EQ(shortage_report(rows, boundaries),
            "out of memory  batch  step  in phase  weights  activations  refused\n"
            "-------------------------------------------------------------------\n"
            "none               9     2  backward     3MiB        70MiB     5MiB\n");
}

TEST(ShortageReport, IsEmptyIfNothingRanOut) {
  const std::vector<Row> rows{row("none", 8, Outcome::ok)};
  std::vector<BoundaryRow> boundaries{boundary("none", 8)};
  boundaries[0].first_oom_batch = 0;
  EXPECT_EQ(shortage_report(rows, boundaries), "");
}

}  // namespace
}  // namespace memsweep
