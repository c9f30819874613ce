#include "harness/report/boundary_report.h"

#include <limits>

#include <gtest/gtest.h>

#include "harness/report/grid_report.h"

namespace memsweep {
namespace {

const std::string kScenario = "checkpointing";

/// A trial at batch 10 that took so many bytes at its peak and such a step.
Row trial(std::string variant, std::size_t peak, double step_seconds, double iqr = 0,
          const std::string& device = "cpu") {
  Row row;
  row.scenario = kScenario;
  row.variant = std::move(variant);
  row.device = device;
  row.batch = 10;
  row.result.peak.allocated = peak;
  row.result.step_seconds = {step_seconds, iqr, 5};
  return row;
}

BoundaryRow boundary(std::string variant, std::int64_t largest) {
  return {kScenario, std::move(variant), largest, largest + 1};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(BoundaryReport, SaysWhatAVariantBuysAndCosts) {
  const std::vector<Row> rows{trial("none", 1000, 0.1), trial("sqrt", 600, 0.13)};
  const auto text = boundary_report(rows, std::vector{boundary("none", 10), boundary("sqrt", 25)});
  EXPECT_TRUE(has(text,
                  "sqrt lets the batch grow 2.50x (10 to 25); at batch 10 it saves 40 % of the peak and "
                  "costs 30 % more time a step.\n"))
      << text;
}

TEST(BoundaryReport, SaysThatALossIsNoNumberAnyMore) {
  std::vector<Row> rows{trial("none", 1000, 0.1), trial("sqrt", 600, 0.13)};
  rows[0].result.loss = 1.5F;
  rows[1].result.loss = -std::numeric_limits<float>::quiet_NaN();
  rows[1].result.steps = 3;
  const std::string warning = "Warning: the loss of sqrt at batch 10 is nan after 3 steps.\n";
  const auto text = boundary_report(rows, std::vector{boundary("none", 10), boundary("sqrt", 25)});
  EXPECT_TRUE(has(text, warning)) << text;
  EXPECT_FALSE(has(text, "the loss of none")) << text;
  EXPECT_TRUE(has(grid_report(rows), warning)) << grid_report(rows);
}

TEST(BoundaryReport, CallsNothingACostThatDrownsInNoise) {
  const std::vector<Row> rows{trial("none", 1000, 0.1, 0.03), trial("sqrt", 1001, 0.13, 0.03)};
  const auto text = boundary_report(rows, std::vector{boundary("none", 10), boundary("sqrt", 25)});
  EXPECT_TRUE(has(text, "it leaves the peak as it is and costs no time that could be measured.\n")) << text;
}

TEST(BoundaryReport, SaysWhatDidNotPayAndWhatIsOnlyFaster) {
  const std::vector<Row> rows{trial("none", 1000, 0.1), trial("slow", 1000, 0.2), trial("fast", 1000, 0.05)};
  const auto text =
      boundary_report(rows, std::vector{boundary("none", 12), boundary("slow", 10), boundary("fast", 12)});
  EXPECT_TRUE(has(text, "slow did not pay: the batch shrinks from 12 to 10, and it costs 100 % more time"))
      << text;
  EXPECT_TRUE(has(text, "fast is faster only: the batch does not grow, but it takes 50 % less time")) << text;
}

TEST(BoundaryReport, ComparesNothingWithAVariantUnderWhichNoBatchFits) {
  const auto text =
      boundary_report({}, std::vector{boundary("none", 0), boundary("sqrt", 5), boundary("two", 0)});
  EXPECT_TRUE(has(text, "sqrt fits up to batch 5, where none fits none.\n")) << text;
  EXPECT_TRUE(has(text, "two fits no batch.\n")) << text;
  EXPECT_FALSE(has(text, "batch 0")) << text;
  EXPECT_FALSE(has(text, "did not pay")) << text;
}

TEST(BoundaryReport, SaysWhatStandsBeforeTheFirstSampleAndWhoNeedsMore) {
  std::vector<BoundaryRow> boundaries{boundary("fp32", 10), boundary("autocast", 25), boundary("bf16", 25),
                                      boundary("tf32", 10)};
  const std::size_t fixed[] = {1000, 1500, 600, 1005};
  for (std::size_t i = 0; i < boundaries.size(); ++i) {
    boundaries[i].fixed_bytes = fixed[i];
    boundaries[i].sample_bytes = 7;
  }
  const std::vector<Row> rows{trial("fp32", 1000, 0.1), trial("autocast", 600, 0.1), trial("bf16", 600, 0.1),
                              trial("tf32", 1000, 0.1)};
  const auto text = boundary_report(rows, boundaries);
  EXPECT_TRUE(has(text, "fp32: 1000B stand whatever the batch, and each sample takes 7B more")) << text;
  EXPECT_TRUE(has(text, "costs no time that could be measured. Before the first sample it needs 500B more."))
      << text;
  EXPECT_TRUE(has(text, "Before the first sample it needs 400B less.")) << text;
  EXPECT_TRUE(has(text, "tf32 makes no difference to the batch or the time.\n"))
      << "within one part in a hundred";
}

TEST(BoundaryReport, ComparesResultsOnlyWhereTheyMustBeTheSame) {
  std::vector<Row> rows{trial("adamw", 1000, 0.1), trial("sgd", 600, 0.1)};
  rows[0].result.result_hash = 1;
  rows[1].result.result_hash = 2;
  const std::vector<BoundaryRow> boundaries{boundary("adamw", 10), boundary("sgd", 25)};
  EXPECT_TRUE(has(boundary_report(rows, boundaries, true), "Warning"));
  EXPECT_FALSE(has(boundary_report(rows, boundaries, false), "Warning"));
}

TEST(BoundaryReport, ComparesResultsBetweenVariantsOnly) {
  std::vector<Row> rows{trial("none", 1000, 0.1), trial("sqrt", 600, 0.13)};
  std::vector<BoundaryRow> boundaries{boundary("none", 10), boundary("sqrt", 25)};
  for (Row& row : rows) row.result.result_hash = 7;
  EXPECT_TRUE(has(boundary_report(rows, boundaries), "are the same to the bit"));
  rows[1].result.result_hash = 8;
  EXPECT_TRUE(has(boundary_report(rows, boundaries), "Warning: losses, gradients or weights differ"));
  boundaries.pop_back();
  EXPECT_FALSE(has(boundary_report(rows, boundaries), "gradients"));
}

TEST(Reports, ShowASpreadOnlyWhereTimeWasMeasured) {
  std::vector<Row> rows{trial("none", 1000, 0.1, 0.01)};
  EXPECT_TRUE(has(grid_report(rows), " 7.0% "));
  rows[0].result.noisy = true;
  EXPECT_TRUE(has(grid_report(rows), " ? 7.0% "));
  EXPECT_TRUE(has(grid_report(rows), "? marks times"));
  rows[0] = trial("none", 1000, 0.1, 0.01, "sim:t4");
  EXPECT_FALSE(has(grid_report(rows), "%"));
}

}  // namespace
}  // namespace memsweep
