#include "harness/report/results_file.h"

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "tests/json.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {
namespace {

using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

const nlohmann::json kSettings{{"memory", "512MiB"}, {"model", "mlp:4-4-2"}, {"seed", 7}};
const nlohmann::json kEnvironment{{"host", "here"}};

Row row_of(std::string variant, std::int64_t batch) {
  Row row;
  row.scenario = "checkpointing";
  row.variant = std::move(variant);
  row.batch = batch;
  row.result.peak.allocated = static_cast<std::size_t>(batch) * 100;
  row.result.message = "out of memory,\nsaid \"PyTorch\"";
  return row;
}

/// The sentence with which the file is refused.
std::string refusal(const std::filesystem::path& csv, const nlohmann::json& settings) {
  try {
    ResultsFile<Row> file(csv, settings, kEnvironment);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "it was opened";
}

TEST(ResultsFile, ANewFileInANewFolderHasAHeaderAndSaysWhatWasMeasuredAndWhere) {
  const TemporaryFolder folder;
  const ResultsFile<Row> file(folder / "new/results.csv", kSettings, kEnvironment);
  EXPECT_TRUE(file.rows().empty());
  EXPECT_TRUE(read_rows(folder / "new/results.csv").empty());
  const auto beside = testing::read_json(folder / "new/results.settings.json");
  EXPECT_EQ(beside.at("settings"), kSettings);
  EXPECT_EQ(beside.at("environment"), kEnvironment);
}

TEST(ResultsFile, RowsAreInTheFileAsSoonAsTheyAreAdded) {
  const TemporaryFolder folder;
  ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
  for (std::int64_t batch = 1; batch <= 3; ++batch) {
    file.add(row_of("plain", batch));
    const auto rows = read_rows(folder / "results.csv");
    ASSERT_EQ(rows.size(), static_cast<std::size_t>(batch));
    EXPECT_EQ(rows.back().batch, batch);
    EXPECT_EQ(rows.back().result.message, "out of memory,\nsaid \"PyTorch\"");
  }
}

TEST(ResultsFile, ARunGoesOnUnderTheSameSettings) {
  const TemporaryFolder folder;
  {
    ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
    file.add(row_of("plain", 8));
    file.add(row_of("sqrt", 9));
  }
  ResultsFile<Row> file(folder / "results.csv", kSettings, {{"host", "elsewhere"}});
  ASSERT_EQ(file.rows().size(), 2);
  ASSERT_NE(find_row(file.rows(), "checkpointing", "sqrt", 9), nullptr);
  EXPECT_EQ(find_row(file.rows(), "checkpointing", "sqrt", 9)->result.peak.allocated, 900);
  EXPECT_EQ(find_row(file.rows(), "checkpointing", "sqrt", 8), nullptr);
  EXPECT_EQ(find_row(file.rows(), "batch_size", "sqrt", 9), nullptr);

  file.add(row_of("sqrt", 10));
  EXPECT_EQ(read_rows(folder / "results.csv").size(), 3);
}

TEST(ResultsFile, WhatEndedInAnErrorIsRunAgain) {
  const TemporaryFolder folder;
  {
    ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
    Row broken = row_of("plain", 8), refused = row_of("plain", 9);
    broken.result.outcome = Outcome::error;
    refused.result.outcome = Outcome::oom;
    file.add(broken);
    file.add(refused);
  }
  const ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
  ASSERT_EQ(file.rows().size(), 1);
  EXPECT_EQ(file.rows()[0].batch, 9);
  EXPECT_EQ(read_rows(folder / "results.csv").size(), 1);
}

StageRow stage_of(std::string variant, std::string name, Outcome outcome) {
  StageRow row;
  row.subject = "P1";
  row.variant = std::move(variant);
  row.stages = 2;
  row.stage.name = std::move(name);
  row.stage.outcome = outcome;
  return row;
}

TEST(ResultsFile, AnExperimentOfWhichOneStageEndedInAnErrorIsRunAgainAsAWhole) {
  const TemporaryFolder folder;
  {
    ResultsFile<StageRow> file(folder / "results.csv", kSettings, kEnvironment);
    file.add(stage_of("default", "del", Outcome::ok));
    file.add(stage_of("default", "empty_cache", Outcome::error));
    file.add(stage_of("expandable", "del", Outcome::ok));
    file.add(stage_of("expandable", "empty_cache", Outcome::oom));
  }
  const ResultsFile<StageRow> file(folder / "results.csv", kSettings, kEnvironment);
  ASSERT_EQ(file.rows().size(), 2);
  EXPECT_EQ(file.rows()[0].variant, "expandable");
}

TEST(ResultsFile, ARunThatEndedBeforeItsFirstRowGoesOn) {
  const TemporaryFolder folder;
  (void)ResultsFile<Row>(folder / "results.csv", kSettings, kEnvironment);
  ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
  file.add(row_of("plain", 8));
  EXPECT_EQ(read_rows(folder / "results.csv").size(), 1);
}

TEST(ResultsFile, RowsSurviveAWriterThatDiedInTheNextOne) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  ResultsFile<Row>(csv, kSettings, kEnvironment).add(row_of("plain", 8));
  const std::string one = read_file(csv);
  ResultsFile<Row>(csv, kSettings, kEnvironment).add(row_of("plain", 9));
  const std::string two = read_file(csv);

  for (std::size_t size = one.size(); size < two.size(); ++size) {
    write_file(csv, two.substr(0, size));
    ResultsFile<Row> file(csv, kSettings, kEnvironment);
    ASSERT_EQ(file.rows().size(), 1) << size;
    file.add(row_of("plain", 9));
    ASSERT_EQ(read_file(csv), two) << size;
  }
}

TEST(ResultsFile, ARunGoesOnThatDiedBeforeItsHeaderWasWhole) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  (void)ResultsFile<Row>(csv, kSettings, kEnvironment);
  const std::string header = read_file(csv);
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, header.size() - 1}) {
    write_file(csv, header.substr(0, size));
    (void)ResultsFile<Row>(csv, kSettings, kEnvironment);
    EXPECT_EQ(read_file(csv), header) << size;
  }
}

TEST(ResultsFile, ARunThatDiedWithItsSettingsOnlyStartsAgain) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  (void)ResultsFile<Row>(csv, kSettings, kEnvironment);
  std::filesystem::remove(csv);
  EXPECT_EQ(refusal(csv, kSettings), "it was opened");
  EXPECT_TRUE(read_rows(csv).empty());
}

TEST(ResultsFile, ARunThatDiedInItsSettingsStartsAgainAndLeavesNothingHalf) {
  const TemporaryFolder folder;
  write_file(folder / "results.settings.json.part", "{\"settings\": {\"mem");
  EXPECT_EQ(refusal(folder / "results.csv", kSettings), "it was opened");
  EXPECT_FALSE(std::filesystem::exists(folder / "results.settings.json.part"));
  EXPECT_EQ(read_record(folder / "results.csv")->settings, kSettings);
}

TEST(ResultsFile, BoundariesThatCannotBeWrittenAreWrongUsage) {
  const TemporaryFolder folder;
  const ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
  std::filesystem::create_directory(folder / "results.boundaries.csv");
  EXPECT_THROW(write_boundaries(folder / "results.csv", {}), UsageError);
  EXPECT_FALSE(std::filesystem::exists(folder / "results.boundaries.csv.part"));
}

TEST(ResultsFile, AnotherRunIsRefusedWithTheSettingThatDiffersAndNothingIsTouched) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  {
    ResultsFile<Row> file(csv, kSettings, kEnvironment);
    file.add(row_of("plain", 8));
    const BoundaryRow plain{.scenario = "checkpointing", .variant = "plain", .max_batch = 8};
    write_boundaries(csv, std::span(&plain, 1));
  }
  write_file(csv, read_file(csv) + "half a reco");
  const auto rows = read_file(csv);
  const auto settings = read_file(folder / "results.settings.json");
  const auto boundaries = read_file(folder / "results.boundaries.csv");

  auto other = kSettings;
  other["memory"] = "256MiB";
  const std::string sentence = refusal(csv, other);
  EXPECT_NE(sentence.find("memory: \"512MiB\" there, \"256MiB\" now"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("--fresh"), std::string::npos) << sentence;

  EXPECT_EQ(read_file(csv), rows);
  EXPECT_EQ(read_file(folder / "results.settings.json"), settings);
  EXPECT_EQ(read_file(folder / "results.boundaries.csv"), boundaries);
}

TEST(ResultsFile, ASettingThatOnlyOneSideHasMakesAnotherRun) {
  const TemporaryFolder folder;
  (void)ResultsFile<Row>(folder / "results.csv", kSettings, kEnvironment);
  auto more = kSettings;
  more["pytorch"] = "2.15";
  EXPECT_NE(refusal(folder / "results.csv", more).find("pytorch"), std::string::npos);
  auto fewer = kSettings;
  fewer.erase("seed");
  EXPECT_NE(refusal(folder / "results.csv", fewer).find("seed: 7 there, nothing now"), std::string::npos);
}

TEST(ResultsFile, AForeignFileIsRefusedAndNotTouched) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  write_file(csv, "name,age\nAda,36");
  EXPECT_NE(refusal(csv, kSettings).find("is there already"), std::string::npos);

  write_file(folder / "results.settings.json",
             nlohmann::json{{"settings", kSettings}, {"environment", kEnvironment}}.dump());
  EXPECT_NE(refusal(csv, kSettings).find("its columns are others"), std::string::npos);
  EXPECT_EQ(read_file(csv), "name,age\nAda,36");

  for (const char* no_settings : {"", "no json", "[]", "{}"}) {
    write_file(folder / "results.settings.json", no_settings);
    EXPECT_NE(refusal(csv, kSettings).find("is there already"), std::string::npos) << no_settings;
  }
}

TEST(ResultsFile, WhatAnotherRunLeftBesideANewFileIsRefusedAndNotTouched) {
  const auto other = nlohmann::json{{"settings", {{"seed", 8}}}, {"environment", kEnvironment}}.dump();
  for (const auto& [name, text] : {std::pair<const char*, std::string>{"results.settings.json", "no json"},
                                   {"results.settings.json", other},
                                   {"results.boundaries.csv", "name,age\n"}}) {
    const TemporaryFolder folder;
    const auto csv = folder / "results.csv";
    write_file(folder / name, text);
    const std::string sentence = refusal(csv, kSettings);
    for (const char* word : {name, "--fresh", "another --csv"})
      EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
    EXPECT_EQ(read_file(folder / name), text);
    EXPECT_FALSE(std::filesystem::exists(csv));

    remove_results(csv);
    EXPECT_EQ(refusal(csv, kSettings), "it was opened");
  }
}

TEST(ResultsFile, APlaceThatCannotBeWrittenIsWrongUsage) {
  const TemporaryFolder folder;
  write_file(folder / "file", "no folder");
  EXPECT_NE(refusal(folder / "file/results.csv", kSettings).find("cannot write to"), std::string::npos);
}

TEST(ResultsFile, BoundariesComeBackAndAreReplacedAsAWhole) {
  const TemporaryFolder folder;
  const ResultsFile<Row> file(folder / "results.csv", kSettings, kEnvironment);
  const BoundaryRow plain{
      .scenario = "checkpointing", .variant = "plain", .max_batch = 8, .holes = "9, fits"};
  const BoundaryRow sqrt{.scenario = "checkpointing", .variant = "sqrt", .max_batch = 11};
  write_boundaries(folder / "results.csv", std::vector{plain, sqrt});
  EXPECT_EQ(read_boundaries(folder / "results.csv"), (std::vector{plain, sqrt}));
  write_boundaries(folder / "results.csv", std::vector{sqrt});
  EXPECT_EQ(read_boundaries(folder / "results.csv"), std::vector{sqrt});
}

TEST(ReadRows, AMissingFileIsWrongUsageThatNamesIt) {
  const TemporaryFolder folder;
  EXPECT_THROW((void)read_rows(folder / "none.csv"), UsageError);
  EXPECT_THROW((void)read_boundaries(folder / "none.csv"), UsageError);
}

TEST(ReadRows, AMalformedRecordIsNamed) {
  const TemporaryFolder folder;
  const auto csv = folder / "results.csv";
  ResultsFile<Row>(csv, kSettings, kEnvironment).add(row_of("plain", 8));
  const std::string good = read_file(csv);

  const auto sentence = [&](const std::string& text) {
    write_file(csv, text);
    try {
      (void)read_rows(csv);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("it was read");
  };
  EXPECT_NE(sentence(good + "only,three,fields\n").find("record 3"), std::string::npos);

  auto no_number = good;
  no_number.replace(no_number.find(",8,"), 3, ",eight,");
  EXPECT_NE(sentence(no_number).find("record 2: 'eight' is no number"), std::string::npos);

  const std::string quote = sentence(good + "a,b\"c\"\n");
  EXPECT_NE(quote.find("record 3"), std::string::npos) << quote;
  EXPECT_EQ(quote.find("record 2"), std::string::npos) << quote;
}

}  // namespace
}  // namespace memsweep
