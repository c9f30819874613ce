// Which result files can be compared at all, what of them, and how the whole is summed up.
#include "tests/json.h"
#include "tests/report/compared_results.h"

namespace memsweep {
namespace {

TEST_F(Compare, OtherSettingsAreWrongUsageThatNamesTheFirst) {
  const auto refusal = [this](const std::function<void(nlohmann::json&)>& change) -> std::string {
    try {
      (void)after([&](Results& next) { change(next.settings); });
    } catch (const UsageError& error) {
      return error.what();
    }
    return "they were compared";
  };
  expect_words(refusal([](auto& settings) { settings["memory"] = "256MiB"; }),
               {"base.csv", "new.csv", "memory: \"512MiB\" there, \"256MiB\" now"});
  expect_words(refusal([](auto& settings) { settings["pytorch"] = "2.15"; }), {"pytorch: nothing there"});
  expect_words(refusal([](auto& settings) { settings.erase("seed"); }), {"seed: 7 there, nothing now"});
  expect_words(refusal([](auto& settings) { settings["device"] = "sim:t4"; }), {"device: \"cpu\" there"});
  EXPECT_EQ(refusal([](auto& settings) { settings["time_limit"] = 9; }), "they were compared");
}

TEST_F(Compare, AFileWithoutItsSettingsIsComparedAllTheSame) {
  Results next = searched();
  next.settings["memory"] = "256MiB";
  next.rows[0].result.result_hash = 0xbeef;
  write("base.csv", searched());
  write("new.csv", next);
  std::filesystem::remove(folder_ / "new.settings.json");
  expect_words(compare(folder_ / "base.csv", folder_ / "new.csv").report, {"results differ"});

  write_file(folder_ / "new.settings.json", "no json");
  EXPECT_THROW((void)compare(folder_ / "base.csv", folder_ / "new.csv"), UsageError);
}

TEST_F(Compare, OnAnotherMachineBytesAreComparedAndTimesAndResultsAreNot) {
  for (const auto& [key, value] :
       {std::pair<const char*, nlohmann::json>{"processor", "another"}, {"threads", 8}}) {
    const auto elsewhere = [&](Results& next) {
      next.environment[key] = value;
      for (Row& row : next.rows) {
        row.result.step_seconds.median *= 3;
        if (row.result.result_hash) row.result.result_hash = 0xbeef;
      }
    };
    EXPECT_EQ(after(elsewhere).report,
              "times and results: cannot tell: other machine\n"
              "same: 5 rows and 2 boundaries, equal in every byte\n");
    EXPECT_EQ(after([&](Results& next) {
                elsewhere(next);
                next.rows[0].result.peak.reserved += 1;
              }).status,
              1);
  }
}

TEST_F(Compare, ModelledTimesAreTheSameOnEveryMachine) {
  const auto simulated = [](std::string processor, double seconds) {
    Results results = searched();
    for (Row& row : results.rows) row.device = "sim:t4";
    results.rows[0].result.step_seconds.median = seconds;
    results.environment["processor"] = std::move(processor);
    return results;
  };
  EXPECT_EQ(compare_files(simulated("one", 0.1), simulated("two", 0.1)).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");
  EXPECT_EQ(compare_files(simulated("one", 0.1), simulated("two", 0.2)).status, 1);
}

TEST_F(Compare, TheCpuAndItsSimulationAreComparedInEveryByteAndInNoTime) {
  Results simulated = searched();
  simulated.settings["device"] = "sim:cpu";
  for (Row& row : simulated.rows) {
    row.device = "sim:cpu";
    row.result.step_seconds.median *= 3;
    if (row.result.result_hash) row.result.result_hash = 0xbeef;
  }
  EXPECT_EQ(compare_files(searched(), simulated).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");
  EXPECT_EQ(compare_files(simulated, searched()).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");

  simulated.rows[0].result.peak.allocated += 1;
  EXPECT_EQ(compare_files(searched(), simulated).status, 1);
}

TEST_F(Compare, BetterHereAndWorseThereIsWorseAndBothAreListedTheWorseFirst) {
  const auto both = after([](Results& next) {
    next.rows[0].result.peak.reserved -= 2_MiB;
    next.rows[2].result.peak.reserved += 4_MiB;
  });
  EXPECT_EQ(both.status, 1);
  EXPECT_LT(both.report.find("+4MiB"), both.report.find("-2MiB"));
  EXPECT_EQ(verdict_of_report(both),
            "worse: 1 change for the worse and 1 for the better in 5 rows and 2 boundaries\n");
}

TEST_F(Compare, ManyChangesAreCutShortAndCounted) {
  Results base, next;
  for (std::int64_t batch = 1; batch <= 100; ++batch) {
    base.rows.push_back(row_of("plain", batch, Outcome::ok, Purpose::grid));
    next.rows.push_back(base.rows.back());
    next.rows.back().result.peak.reserved += batch == 100 ? 1_MiB : -1_MiB;
  }
  const auto many = compare_files(base, next);
  expect_words(line_with(many, "+1MiB"), {"batch 100"});
  expect_words(many.report, {"\nand 60 more\n"});
  EXPECT_LT(std::count(many.report.begin(), many.report.end(), '\n'), 60);
  EXPECT_EQ(verdict_of_report(many), "worse: 1 change for the worse and 99 for the better in 100 rows\n");
}

TEST_F(Compare, BoundariesThatOnlyOneSideHasAreSaid) {
  Results bare = searched();
  bare.boundaries.clear();
  const auto more = compare_files(bare, searched());
  EXPECT_EQ(more.status, 0);
  EXPECT_EQ(more.report, "boundaries stand beside the new file only\nsame: 5 rows, equal in every byte\n");

  const auto lost = compare_files(searched(), bare);
  EXPECT_EQ(lost.status, 1);
  expect_words(line_with(lost, "no file"), {"boundaries", "there"});
}

TEST_F(Compare, AVariantWhoseBoundaryIsMissingIsWorse) {
  const auto lost = after([](Results& next) { next.boundaries.pop_back(); });
  EXPECT_EQ(lost.status, 1);
  expect_words(line_with(lost, "boundary "), {"checkpointing sqrt", "missing"});
}

TEST_F(Compare, RunsWithNothingInCommonAreWrongUsage) {
  for (std::string Row::*field :
       {&Row::scenario, &Row::variant, &Row::model, &Row::precision, &Row::optimizer, &Row::device}) {
    try {
      (void)after([field](Results& next) {
        for (Row& row : next.rows) row.*field += " other";
      });
      FAIL() << "different runs were compared";
    } catch (const UsageError& error) {
      expect_words(error.what(), {"base.csv", "new.csv", "different runs"});
    }
  }
  EXPECT_THROW((void)compare_files(Results{}, Results{}), UsageError);
}

TEST_F(Compare, FilesThatAreMissingOrHaveOtherColumnsAreWrongUsage) {
  write("base.csv", searched());
  EXPECT_THROW((void)compare(folder_ / "base.csv", folder_ / "none.csv"), UsageError);
  EXPECT_THROW((void)compare(folder_ / "none.csv", folder_ / "base.csv"), UsageError);
  EXPECT_THROW((void)compare(folder_.path(), folder_ / "base.csv"), UsageError);

  write_file(folder_ / "other.csv", "name,age\nAda,36\n");
  EXPECT_THROW((void)compare(folder_ / "base.csv", folder_ / "other.csv"), UsageError);
  EXPECT_THROW((void)compare(folder_ / "base.boundaries.csv", folder_ / "base.csv"), UsageError);
}

}  // namespace
}  // namespace memsweep
