#include "harness/report/stage_row.h"

#include <set>

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "harness/report/results_file.h"
#include "tests/json.h"
#include "tests/report/made_up_stages.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {
namespace {

using namespace testing;

/// No field has the value that a new row has, and no two fields of a kind are equal.
StageRow distinctive_row() {
  StageRow row{.scenario = "cleanup",
               .subject = "mlp:4-4-2, \"small\"",
               .variant = "del, empty_cache",
               .device = "sim:t4",
               .stages = 3,
               .stage = {}};
  Stage& s = row.stage;
  s.name = "del";
  s.outcome = Outcome::oom;
  s.now = {.requested = 1, .allocated = 512, .reserved = 2097152, .device = 4194304};
  s.peak = {.requested = 2, .allocated = 1024, .reserved = 20971520, .device = 18446744073709551615U};
  s.alloc_retries = 7;
  s.verdict = Verdict::limit;
  s.unused_at_peak = 0.125;
  s.scattered = 0.5;
  s.reserved_beyond_live = 77;
  s.refused_bytes = 4097;
  s.refused_at = 31;
  s.largest_fit = 4096;
  s.seconds = {.median = 0.012345678, .iqr = 0.000000009, .samples = 29};
  s.message = "CUDA out of memory.\nSee \"documentation\", please.";
  return row;
}

class EveryStageColumn : public ::testing::TestWithParam<Column<StageRow>> {};

TEST_P(EveryStageColumn, SaysWhatItMeansAndReadsItsOwnFieldOnly) {
  const Column<StageRow>& column = GetParam();
  EXPECT_FALSE(column.meaning.empty());
  const StageRow row = distinctive_row();
  StageRow read;
  ASSERT_NE(column.write(row), column.write(read)) << "the row says nothing about this column";
  column.read(read, column.write(row));
  EXPECT_EQ(column.write(read), column.write(row));
  for (const Column<StageRow>& other : columns<StageRow>()) {
    if (other.name == column.name) continue;
    EXPECT_EQ(other.write(read), other.write(StageRow{})) << other.name;
  }
}

TEST_P(EveryStageColumn, OfAnyKindButTextRefusesWhatItNeverWrites) {
  static const std::set<std::string_view> kText{"scenario", "subject", "variant",
                                                "stage",    "device",  "message"};
  if (kText.contains(GetParam().name)) return;
  StageRow row;
  EXPECT_THROW(GetParam().read(row, "12 apples"), std::exception);
}

INSTANTIATE_TEST_SUITE_P(StageRow, EveryStageColumn,
                         ::testing::ValuesIn(columns<StageRow>().begin(), columns<StageRow>().end()),
                         [](const auto& column) { return std::string(column.param.name); });

TEST(StageRow, WhereNothingWasRefusedItsColumnsStayEmpty) {
  StageRow row = distinctive_row();
  for (const auto& column : columns<StageRow>()) column.read(row, column.write(stage_row("P1", "default")));
  EXPECT_FALSE(row.stage.scattered);
  EXPECT_FALSE(row.stage.refused_at);
  EXPECT_FALSE(row.stage.largest_fit);
}

TEST(StageRow, ExperimentsAreWholeUpToTheFirstThatLacksAStage) {
  auto rows = staged_rows("mlp", "del", {"train", "del", "empty_cache"});
  EXPECT_EQ(whole_experiments(rows), 3);
  rows.push_back(stage_row("P1", "default"));
  const auto last = staged_rows("mlp", "empty_cache", {"train", "empty_cache"});
  rows.push_back(last[0]);
  EXPECT_EQ(whole_experiments(rows), 4);
  rows.push_back(stage_row("P2", "default"));
  EXPECT_EQ(whole_experiments(rows), 4) << "a stage of another experiment is none of this one";
  rows.back() = last[1];
  EXPECT_EQ(whole_experiments(rows), 6);
  rows[0].stages = -1;
  EXPECT_EQ(whole_experiments(rows), 0);
  EXPECT_EQ(whole_experiments({}), 0);
}

TEST(StageRow, RowsBecomeTheExperimentsThatTheyAreOf) {
  auto rows = staged_rows("mlp", "del", {"train", "del"});
  rows.push_back(refused_row("P2", "default"));
  const auto results = experiment_results(rows);
  ASSERT_EQ(results.size(), 2);
  EXPECT_EQ(results[0].subject, "mlp");
  EXPECT_EQ(results[0].variant, "del");
  ASSERT_EQ(results[0].stages.size(), 2);
  EXPECT_EQ(results[0].stages[1].name, "del");
  EXPECT_EQ(results[1].stages.at(0).refused_at, 97);
}

// In a file -----------------------------------------------------------------------------------------

const nlohmann::json kSettings{{"scenario", "made-up"}, {"memory", "512MiB"}};

TEST(FileOfExperiments, IsKnownByItsHeader) {
  const TemporaryFolder folder;
  (void)ResultsFile<StageRow>(folder / "stages.csv", kSettings, {});
  (void)ResultsFile<Row>(folder / "trials.csv", kSettings, {});
  EXPECT_TRUE(holds_experiments(folder / "stages.csv"));
  EXPECT_FALSE(holds_experiments(folder / "trials.csv"));
  EXPECT_FALSE(holds_experiments(folder / "none.csv"));
  EXPECT_THROW((void)read_rows<StageRow>(folder / "trials.csv"), UsageError);
}

TEST(FileOfExperiments, OneThatWasPartlyWrittenIsCutOffWhereverTheWriterDied) {
  const TemporaryFolder folder;
  const auto csv = folder / "stages.csv";
  const auto add = [&csv](const std::vector<StageRow>& rows) {
    ResultsFile<StageRow> file(csv, kSettings, {});
    for (const StageRow& row : rows) file.add(row);
  };
  add(staged_rows("mlp", "del", {"train", "del"}));
  const std::string one = read_file(csv);
  const auto second = staged_rows("mlp", "empty_cache", {"train", "empty_cache", "del"});
  add(second);
  const std::string two = read_file(csv);
  for (std::size_t size = one.size(); size < two.size(); size += 7) {
    write_file(csv, two.substr(0, size));
    ASSERT_EQ(ResultsFile<StageRow>(csv, kSettings, {}).rows().size(), 2) << size;
    ASSERT_EQ(read_file(csv), one) << size;
    add(second);
    ASSERT_EQ(read_file(csv), two) << size;
  }
  EXPECT_EQ(ResultsFile<StageRow>(csv, kSettings, {}).rows().size(), 5);
}

TEST(FileOfExperiments, OfOtherSettingsIsRefusedAndNotCut) {
  const TemporaryFolder folder;
  const auto csv = folder / "stages.csv";
  ResultsFile<StageRow>(csv, kSettings, {}).add(staged_rows("mlp", "del", {"train", "del"})[0]);
  const std::string before = read_file(csv);
  EXPECT_THROW((void)ResultsFile<StageRow>(csv, {{"scenario", "another"}}, {}), UsageError);
  EXPECT_EQ(read_file(csv), before);
}

}  // namespace
}  // namespace memsweep
