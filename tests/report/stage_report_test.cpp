#include "harness/report/stage_report.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/report/made_up_stages.h"

namespace memsweep {
namespace {

using namespace testing;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The line that holds `what`; an empty one, and a failure, if there is none.
std::string line_with(const std::string& text, std::string_view what) {
  for (const std::string& line : lines_of(text)) {
    if (line.find(what) != std::string::npos) return line;
  }
  ADD_FAILURE() << what << " is missing in\n" << text;
  return "";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(StageReport, HasALineForEachVariantUnderItsSubject) {
  const auto text = stage_report(
      std::vector{stage_row("P1", "default"), stage_row("P1", "async"), stage_row("P2", "default")});
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 7) << text;
  EXPECT_EQ(lines[2], "P1");
  EXPECT_TRUE(lines[3].starts_with("  default"));
  EXPECT_TRUE(lines[4].starts_with("  async"));
  EXPECT_EQ(lines[5], "P2");
  EXPECT_TRUE(has(lines[3], "101MiB") && has(lines[3], "120MiB") && has(lines[3], "25%")) << lines[3];
}

TEST(StageReport, SaysWhyMemoryRanOutAndWhatWouldHaveFitted) {
  const auto line = line_with(
      stage_report(std::vector{stage_row("P2", "expandable"), refused_row("P2", "default")}), "  default");
  for (const char* cell : {" fragmentation ", " 24MiB ", " 12MiB ", " 75% "})
    EXPECT_TRUE(has(line, cell)) << line;
}

TEST(StageReport, LeavesOutWhatWouldBeEmptyThroughout) {
  const auto fits = stage_report(std::vector{stage_row("P1", "default")});
  for (const char* title : {"refused", "would fit", "scattered", "retries", "stage"})
    EXPECT_FALSE(has(fits, title)) << title;
  EXPECT_TRUE(has(stage_report(std::vector{refused_row("P1", "default")}), "would fit"));
}

TEST(StageReport, MarksTheVariantsThatTakeTheLeastOfTheirSubject) {
  std::vector rows{stage_row("P1", "default"), stage_row("P1", "tight"), refused_row("P1", "tightest"),
                   stage_row("P1", "flushing")};
  rows[1].stage.peak.reserved = rows[3].stage.peak.reserved = 110_MiB;
  rows[2].stage.peak.reserved = 1_MiB;
  rows[3].stage.alloc_retries = 1;
  const auto text = stage_report(rows);
  EXPECT_TRUE(line_with(text, "tight ").starts_with("* ")) << text;
  for (const char* other : {"  default", "  tightest", "  flushing"}) EXPECT_TRUE(has(text, other)) << text;
  EXPECT_TRUE(has(text, "* takes the least"));
}

TEST(StageReport, MarksNothingWhereAllTakeTheSame) {
  EXPECT_FALSE(has(stage_report(std::vector{stage_row("P1", "default"), stage_row("P1", "async")}), "*"));
}

TEST(StageReport, ShowsWhatEachOfSeveralStagesLeaves) {
  auto rows = staged_rows("mlp", "del, empty_cache", {"train", "del", "empty_cache"});
  rows[2].stage.now.reserved = 0;
  const auto text = stage_report(rows);
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 6) << text;
  EXPECT_TRUE(lines[3].starts_with("  del, empty_cache")) << text;
  EXPECT_TRUE(lines[4].starts_with("    ")) << text;
  for (const char* cell : {" 1MiB ", " 2MiB ", " 0B ", " 8MiB ", " 100ms"})
    EXPECT_TRUE(has(lines[5], cell)) << cell << ": " << lines[5];
}

TEST(StageReport, BreaksLongSettingsBehindTheirCommas) {
  const auto text = stage_report(
      std::vector{stage_row("P1", "garbage_collection_threshold:0.8,per_process_memory_fraction:0.9999")});
  EXPECT_TRUE(has(text, "\n  garbage_collection_threshold:0.8,\n    per_process_memory_fraction:0.9999 "))
      << text;
}

}  // namespace
}  // namespace memsweep
