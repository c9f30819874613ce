#include "harness/report/front_report.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace memsweep {
namespace {

Row compared(const std::string& variant, double step_seconds) {
  Row row;
  row.scenario = "pareto";
  row.variant = variant;
  row.batch = 8;
  row.purpose = Purpose::common;
  row.result.step_seconds = {step_seconds, 0, 5};
  return row;
}

BoundaryRow boundary(const std::string& variant, std::int64_t largest, std::size_t sample_bytes) {
  BoundaryRow row;
  row.scenario = "pareto";
  row.variant = variant;
  row.max_batch = largest;
  row.sample_bytes = sample_bytes;
  return row;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The line of a variant, without its padding.
std::string line_of(const std::string& report, const std::string& variant) {
  const auto begin = report.find("\n" + variant + " ") + 1;
  return report.substr(begin, report.find('\n', begin) - begin);
}

TEST(FrontReport, NamesWhatBeatsAVariantAndWhatNothingDoes) {
  const std::vector<Row> rows{compared("large", 4), compared("fast", 1), compared("beaten", 4)};
  const std::vector<BoundaryRow> boundaries{boundary("large", 100, 10), boundary("fast", 50, 20),
                                            boundary("beaten", 100, 30)};
  const std::string report = front_report(rows, boundaries);
  EXPECT_TRUE(line_of(report, "large").ends_with("nothing")) << report;
  EXPECT_TRUE(line_of(report, "fast").ends_with("nothing")) << report;
  EXPECT_TRUE(line_of(report, "beaten").ends_with("large")) << report;
  EXPECT_LT(report.find("\nfast"), report.find("\nbeaten")) << "the front comes first";
  EXPECT_TRUE(has(report, "Of 3 combinations 2 are beaten by no other one"));
}

TEST(FrontReport, TwoThatAreAlikeDoNotBeatEachOther) {
  const std::vector<Row> rows{compared("a", 1), compared("b", 1)};
  const std::string report = front_report(rows, std::vector{boundary("a", 5, 1), boundary("b", 5, 1)});
  EXPECT_TRUE(has(report, "Of 2 combinations 2 are beaten by no other one")) << report;
}

TEST(FrontReport, HasADashWhereNothingWasTimed) {
  const std::string report = front_report({}, std::vector{boundary("a", 0, 0)});
  EXPECT_TRUE(has(line_of(report, "a"), " - ")) << report;
}

}  // namespace
}  // namespace memsweep
