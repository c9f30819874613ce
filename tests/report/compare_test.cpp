#include "harness/report/compare.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/report/results_file.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {
namespace {

using testing::TemporaryFolder;
using testing::write_file;

struct Results {
  std::vector<Row> rows;
  std::vector<BoundaryRow> boundaries;
  nlohmann::json settings{{"device", "cpu"}, {"memory", "512MiB"}, {"seed", 7}, {"time_limit", 2}};
  nlohmann::json environment{{"processor", "one"}, {"threads", 4}};
};

Row row_of(std::string variant, std::int64_t batch, Outcome outcome, Purpose purpose = Purpose::boundary) {
  Row row{.scenario = "checkpointing",
          .variant = std::move(variant),
          .model = "mlp",
          .precision = "fp32",
          .optimizer = "sgd",
          .device = "cpu",
          .batch = batch,
          .purpose = purpose,
          .result = {}};
  TrialResult& r = row.result;
  r.outcome = outcome;
  r.peak = {.requested = 100_MiB, .allocated = 101_MiB, .reserved = 120_MiB, .device = 130_MiB};
  r.by_category[static_cast<std::size_t>(Category::activation)] = 80_MiB;
  r.by_category[static_cast<std::size_t>(Category::weight)] = 21_MiB;
  if (outcome == Outcome::ok) {
    r.step_seconds = {.median = 0.100, .iqr = 0.004, .samples = 11};
    r.loss = 2.5F;
    r.result_hash = 0xfeed;
  } else {
    r.verdict = Verdict::capacity;
    r.phase = Phase::backward;
    r.message = "CUDA out of memory.";
  }
  return row;
}

/// A search over two variants, and the batch that fits under both.
Results searched() {
  return {.rows = {row_of("plain", 10, Outcome::ok), row_of("plain", 11, Outcome::oom),
                   row_of("sqrt", 20, Outcome::ok), row_of("sqrt", 21, Outcome::oom),
                   row_of("sqrt", 10, Outcome::ok, Purpose::common)},
          .boundaries = {
              {.scenario = "checkpointing", .variant = "plain", .max_batch = 10, .first_oom_batch = 11},
              {.scenario = "checkpointing", .variant = "sqrt", .max_batch = 20, .first_oom_batch = 21}}};
}

class Compare : public ::testing::Test {
 protected:
  void write(const char* name, const Results& results) {
    const auto csv = folder_ / name;
    remove_results(csv);
    ResultsFile file(csv, results.settings, results.environment);
    for (const Row& row : results.rows) file.add(row);
    if (!results.boundaries.empty()) file.write_boundaries(results.boundaries);
  }

  Comparison compare_files(const Results& base, const Results& next) {
    write("base.csv", base);
    write("new.csv", next);
    return compare(folder_ / "base.csv", folder_ / "new.csv");
  }

  /// Compares searched() with itself after `change`.
  Comparison after(const std::function<void(Results&)>& change) {
    Results next = searched();
    change(next);
    return compare_files(searched(), next);
  }

  const TemporaryFolder folder_;
};

std::string verdict_of_report(const Comparison& comparison) {
  const std::string& text = comparison.report;
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

/// The line that holds `what`; none, or more than one, is a failure of the test.
std::string line_with(const Comparison& comparison, const std::string& what) {
  const std::string& text = comparison.report;
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << " is missing in\n" << text;
  if (at == std::string::npos) return "";
  EXPECT_EQ(text.find(what, at + 1), std::string::npos) << what << " stands twice in\n" << text;
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

void expect_words(const std::string& line, const std::vector<std::string>& words) {
  for (const std::string& word : words) EXPECT_NE(line.find(word), std::string::npos) << word << ": " << line;
}

TEST_F(Compare, AFileIsTheSameAsItself) {
  write("base.csv", searched());
  const auto same = compare(folder_ / "base.csv", folder_ / "base.csv");
  EXPECT_EQ(same.status, 0);
  EXPECT_EQ(same.report, "same: 5 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, RowsInAnotherOrderAreTheSame) {
  const auto same = after([](Results& next) {
    std::reverse(next.rows.begin(), next.rows.end());
    std::reverse(next.boundaries.begin(), next.boundaries.end());
  });
  EXPECT_EQ(same.report, "same: 5 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, WhyARowWasTakenDoesNotMatter) {
  EXPECT_EQ(after([](Results& next) { next.rows[4].purpose = Purpose::grid; }).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, OneByteMoreIsWorseAtEveryLevel) {
  for (const auto& [column, level] : {std::pair{"peak_requested_bytes", &Levels::requested},
                                      {"peak_allocated_bytes", &Levels::allocated},
                                      {"peak_reserved_bytes", &Levels::reserved},
                                      {"device_peak_bytes", &Levels::device}}) {
    const auto more = after([&](Results& next) { next.rows[0].result.peak.*level += 1; });
    EXPECT_EQ(more.status, 1) << column;
    expect_words(line_with(more, column), {"checkpointing plain, batch 10", "+1B"});
    EXPECT_EQ(verdict_of_report(more),
              "worse: 1 change for the worse and 0 for the better in 5 rows and 2 boundaries\n");
  }
}

TEST_F(Compare, OneByteLessIsBetter) {
  const auto less = after([](Results& next) { next.rows[0].result.peak.reserved -= 1; });
  EXPECT_EQ(less.status, 0);
  expect_words(line_with(less, "peak_reserved_bytes"), {"-1B"});
  EXPECT_EQ(verdict_of_report(less),
            "better: 1 change for the better and none for the worse in 5 rows and 2 boundaries\n");
}

TEST_F(Compare, SizesThatReadAlikeAreSaidInBytesToo) {
  const auto more = after([](Results& next) { next.rows[0].result.peak.reserved = 1500_MiB + 1; });
  expect_words(line_with(more, "peak_reserved_bytes"), {" 120MiB ", " 1.46GiB ", "+1.35GiB"});

  Results base = searched(), next = searched();
  base.rows[0].result.peak.reserved = 1500_MiB;
  next.rows[0].result.peak.reserved = 1500_MiB + 2_KiB;
  expect_words(line_with(compare_files(base, next), "peak_reserved_bytes"),
               {"1.46GiB (1572864000)", "1.46GiB (1572866048)", "+2KiB"});
}

TEST_F(Compare, CategoriesExplainTheAllocatedPeakAndAreNoChangeOfTheirOwn) {
  const auto activation = static_cast<std::size_t>(Category::activation);
  const auto workspace = static_cast<std::size_t>(Category::workspace);
  const auto more = after([&](Results& next) {
    TrialResult& r = next.rows[0].result;
    r.by_category[activation] += 3_MiB;
    r.by_category[workspace] += 1_MiB;
    r.peak.allocated += 4_MiB;
  });
  expect_words(line_with(more, "peak_allocated_bytes"),
               {"101MiB", "105MiB", "+4MiB", "activations +3MiB, workspace +1MiB"});
}

TEST_F(Compare, CategoriesThatMoveUnderTheSamePeakAreAChange) {
  const auto moved = after([&](Results& next) {
    TrialResult& r = next.rows[0].result;
    r.by_category[static_cast<std::size_t>(Category::activation)] -= 1_MiB;
    r.by_category[static_cast<std::size_t>(Category::workspace)] += 1_MiB;
    r.peak.reserved -= 1_MiB;
  });
  EXPECT_EQ(moved.status, 1);
  expect_words(line_with(moved, "activations_bytes"),
               {"checkpointing plain, batch 10", "80MiB", "79MiB", "-1MiB"});
  expect_words(line_with(moved, "workspace_bytes"), {"0B", "1MiB", "+1MiB"});
  EXPECT_EQ(
      verdict_of_report(moved),
      "changed: 2 changes neither for the better nor for the worse, and 1 for the better, in 5 rows and 2 "
      "boundaries\n");
}

TEST_F(Compare, WhateverElseMovesIsAChangeWhetherTheBatchFitsOrNot) {
  const std::vector<std::pair<const char*, std::function<void(TrialResult&)>>> moves{
      {"phase", [](TrialResult& r) { r.phase = Phase::optimizer; }},
      {"phase_step", [](TrialResult& r) { r.phase_step += 1; }},
      {"steps", [](TrialResult& r) { r.steps += 1; }},
      {"refused_bytes", [](TrialResult& r) { r.refused_bytes += 512; }},
      {"inputs_bytes", [](TrialResult& r) { r.by_category[static_cast<std::size_t>(Category::input)] += 1; }},
      {"verdict", [](TrialResult& r) { r.verdict = Verdict::flushing; }}};
  for (const auto& [column, move] : moves) {
    for (std::size_t row : {std::size_t{0}, std::size_t{1}}) {
      const auto moved = after([&](Results& next) { move(next.rows[row].result); });
      EXPECT_EQ(moved.status, 1) << column;
      expect_words(line_with(moved, std::string(": ") + column + " "), {row == 0 ? "batch 10" : "batch 11"});
      expect_words(verdict_of_report(moved), {"changed: 1 change "});
    }
  }
}

TEST_F(Compare, WhatFollowsFromAnotherPeakIsNotSaidAgain) {
  const auto better = after([](Results& next) {
    TrialResult& r = next.rows[0].result;
    r.peak.allocated -= 1_MiB;
    r.by_category[static_cast<std::size_t>(Category::activation)] -= 1_MiB;
    r.phase = Phase::optimizer;
    r.phase_step += 1;
  });
  EXPECT_EQ(better.status, 0);
  expect_words(verdict_of_report(better), {"better: 1 change "});
}

TEST_F(Compare, RunningOutOfMemoryWhereItFittedIsWorseAndTheOtherWayBetter) {
  const auto worse = after([](Results& next) {
    next.rows[0] = row_of("plain", 10, Outcome::oom);
    next.rows[0].result.peak.allocated = 1;
  });
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "outcome"), {"batch 10", "ok", "oom", "capacity in backward"});
  expect_words(verdict_of_report(worse), {"worse: 1 change for the worse and 0 for the better"});

  const auto better = after([](Results& next) { next.rows[1] = row_of("plain", 11, Outcome::ok); });
  EXPECT_EQ(better.status, 0);
  expect_words(line_with(better, "outcome"), {"batch 11", "oom", "ok"});
  expect_words(verdict_of_report(better), {"better: 1 change"});
}

TEST_F(Compare, AnErrorIsWorseThanEither) {
  for (std::size_t row : {std::size_t{0}, std::size_t{1}}) {
    const auto worse = after([row](Results& next) { next.rows[row].result.outcome = Outcome::error; });
    EXPECT_EQ(worse.status, 1);
    expect_words(line_with(worse, "outcome"), {"error"});
  }
}

TEST_F(Compare, OtherBytesWhereMemoryRanOutAreAChangeInEitherDirection) {
  for (const std::size_t bytes : {100_MiB, 102_MiB}) {
    const auto other = after([bytes](Results& next) { next.rows[1].result.peak.allocated = bytes; });
    EXPECT_EQ(other.status, 1);
    expect_words(line_with(other, "peak_allocated_bytes"), {"batch 11", "101MiB", "1MiB"});
    EXPECT_EQ(
        verdict_of_report(other),
        "changed: 1 change neither for the better nor for the worse, and 0 for the better, in 5 rows and 2 "
        "boundaries\n");
  }
  EXPECT_EQ(after([](Results& next) { next.rows[1].result.alloc_retries += 1; }).status, 1);
}

TEST_F(Compare, ASmallerLargestBatchIsWorseAndALargerOneBetter) {
  const auto worse = after([](Results& next) { next.boundaries[1].max_batch = 19; });
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "max_batch"), {"checkpointing sqrt", "20", "19", "-1"});

  const auto better = after([](Results& next) { next.boundaries[1].max_batch = 22; });
  EXPECT_EQ(better.status, 0);
  expect_words(line_with(better, "max_batch"), {"+2"});
}

TEST_F(Compare, AnEarlierFirstBatchThatFailsIsWorseAndALaterOneBetter) {
  const auto with_first = [this](std::int64_t base, std::int64_t next) {
    Results from = searched(), to = searched();
    from.boundaries[0].first_oom_batch = base;
    to.boundaries[0].first_oom_batch = next;
    return compare_files(from, to);
  };
  const auto worse = with_first(11, 9);
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "first_oom_batch"), {"checkpointing plain", "11", "9", "-2"});
  expect_words(verdict_of_report(with_first(9, 11)), {"better: 1 change"});
  // None up to the limit of the search is later than any.
  expect_words(verdict_of_report(with_first(0, 11)), {"worse: 1 change"});
  expect_words(verdict_of_report(with_first(11, 0)), {"better: 1 change"});
}

TEST_F(Compare, NewHolesAreWorseVanishedOnesBetterAndOthersAChange) {
  const auto with_holes = [this](const char* base, const char* next) {
    Results from = searched(), to = searched();
    from.boundaries[0].holes = base;
    to.boundaries[0].holes = next;
    return compare_files(from, to);
  };
  const auto worse = with_holes("", "7 do not fit");
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "holes"), {"checkpointing plain", "none", "7 do not fit"});
  expect_words(verdict_of_report(worse), {"worse: 1 change"});
  expect_words(verdict_of_report(with_holes("7 do not fit", "")), {"better: 1 change"});
  const auto changed = with_holes("7 do not fit", "8 do not fit");
  EXPECT_EQ(changed.status, 1);
  expect_words(verdict_of_report(changed), {"changed: 1 change "});
}

TEST_F(Compare, HowTheSearchGotToTheSameBoundaryDoesNotMatter) {
  const auto same = after([](Results& next) {
    next.boundaries[0].predicted_batch = 7;
    next.boundaries[0].trials = 9;
    next.rows.push_back(row_of("plain", 7, Outcome::ok));
    next.rows.erase(next.rows.begin() + 1);
  });
  EXPECT_EQ(same.status, 0);
  EXPECT_EQ(same.report,
            "batches on one side only: 1 in the base, 1 in the new file\n"
            "same: 4 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, BatchesThatMovedWithTheBoundaryAreJudgedByTheBoundaryAlone) {
  const auto better = after([](Results& next) {
    for (Row& row : next.rows) row.batch += 5;
    for (BoundaryRow& row : next.boundaries) {
      row.max_batch += 5;
      row.first_oom_batch += 5;
    }
  });
  EXPECT_EQ(better.status, 0) << better.report;
  EXPECT_EQ(verdict_of_report(better),
            "better: 4 changes for the better and none for the worse in 0 rows and 2 boundaries\n");
}

TEST_F(Compare, ACommonBatchThatIsNoLongerMeasuredIsWorse) {
  const auto lost = after([](Results& next) { next.rows.pop_back(); });
  EXPECT_EQ(lost.status, 1);
  expect_words(line_with(lost, "missing"), {"checkpointing sqrt, batch 10"});
}

TEST_F(Compare, VariantsMayBeComparedAtAnotherBatch) {
  const auto same = after([](Results& next) { next.rows.back().batch = 9; });
  EXPECT_EQ(same.status, 0) << same.report;
  EXPECT_NE(same.report.find("batches on one side only"), std::string::npos);
}

TEST_F(Compare, ABatchThatWasAskedForAndIsNoLongerMeasuredIsWorse) {
  Results base{.rows = {row_of("plain", 1, Outcome::ok, Purpose::grid),
                        row_of("plain", 2, Outcome::ok, Purpose::grid)},
               .boundaries = {}};
  Results next = base;
  next.rows.pop_back();
  const auto lost = compare_files(base, next);
  EXPECT_EQ(lost.status, 1);
  expect_words(line_with(lost, "missing"), {"checkpointing plain, batch 2", "ok"});

  const auto more = compare_files(next, base);
  EXPECT_EQ(more.report,
            "batches on one side only: 0 in the base, 1 in the new file\nsame: 1 row, equal in every byte\n");
}

TEST_F(Compare, AVariantThatIsMissingIsWorseAndSaidOnce) {
  const auto lost = after([](Results& next) {
    next.rows.resize(2);
    next.boundaries.resize(1);
  });
  EXPECT_EQ(lost.status, 1);
  expect_words(line_with(lost, "sqrt  "), {"there", "missing"});
}

TEST_F(Compare, ANewVariantIsSaidAndNotWorse) {
  const auto more = after([](Results& next) {
    next.rows.push_back(row_of("offload", 30, Outcome::ok));
    next.boundaries.push_back({.scenario = "checkpointing", .variant = "offload", .max_batch = 30});
  });
  EXPECT_EQ(more.status, 0);
  EXPECT_EQ(more.report, "new: checkpointing offload\nsame: 5 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, MoreRetriesAreWorseAndFewerBetter) {
  Results base = searched();
  base.rows[0].result.alloc_retries = 2;
  Results next = searched();
  next.rows[0].result.alloc_retries = 5;
  const auto worse = compare_files(base, next);
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "alloc_retries"), {"2", "5", "+3"});

  const auto better = compare_files(next, base);
  EXPECT_EQ(better.status, 0);
  expect_words(line_with(better, "alloc_retries"), {"-3"});
}

TEST_F(Compare, OtherResultsAreWorseUnlessOneSideHasNone) {
  const auto differ = after([](Results& next) { next.rows[0].result.result_hash = 0xbeef; });
  EXPECT_EQ(differ.status, 1);
  expect_words(line_with(differ, "results differ"), {"batch 10", "feed", "beef"});

  EXPECT_EQ(after([](Results& next) { next.rows[0].result.result_hash.reset(); }).status, 0);
}

TEST_F(Compare, SlowerBeyondTheSpreadIsWorseAndFasterBetter) {
  const auto worse = after([](Results& next) {
    next.rows[0].result.step_seconds = {.median = 0.112, .iqr = 0.004, .samples = 9};
  });
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "step time"), {"100ms +-1.89ms", "112ms +-2.09ms", "+12.00 %"});

  const auto better = after([](Results& next) {
    next.rows[0].result.step_seconds = {.median = 0.090, .iqr = 0.004, .samples = 9};
  });
  EXPECT_EQ(better.status, 0);
  expect_words(line_with(better, "step time"), {"-10.00 %"});
  expect_words(verdict_of_report(better), {"better: 1 change"});
}

TEST_F(Compare, TimesWithinFivePercentAreTheSameHoweverSharp) {
  EXPECT_EQ(after([](Results& next) {
              next.rows[0].result.step_seconds = {.median = 0.1049, .iqr = 0, .samples = 9};
            }).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");
}

TEST_F(Compare, TimesThatDifferWithinTheirSpreadCannotBeToldApart) {
  for (double median : {0.080, 0.120}) {
    const auto unknown = after([median](Results& next) {
      next.rows[0].result.step_seconds = {.median = median, .iqr = 0.040, .samples = 9};
    });
    EXPECT_EQ(unknown.status, 0);
    expect_words(unknown.report, {"cannot tell"});
    EXPECT_EQ(verdict_of_report(unknown),
              "same: 5 rows and 2 boundaries, equal in every byte; 1 change of time cannot be judged\n");
  }
}

TEST_F(Compare, ATimeThatIsNotKnownWellEnoughIsNotJudgedHoweverFarOffItIs) {
  Results noisy = searched();
  noisy.rows[0].result.step_seconds = {.median = 0.300, .iqr = 0.004, .samples = 3};
  noisy.rows[0].result.noisy = true;
  for (const auto& unknown : {compare_files(searched(), noisy), compare_files(noisy, searched())}) {
    EXPECT_EQ(unknown.status, 0);
    EXPECT_EQ(verdict_of_report(unknown),
              "same: 5 rows and 2 boundaries, equal in every byte; 1 change of time cannot be judged\n");
  }
}

TEST_F(Compare, ATimeThatIsNoLongerTakenIsSaid) {
  const auto lost = after([](Results& next) { next.rows[0].result.step_seconds = {}; });
  EXPECT_EQ(lost.status, 0);
  expect_words(line_with(lost, "step time"), {"100ms", "not taken"});
}

TEST_F(Compare, ModelledTimesHaveNoSpreadToHideIn) {
  const auto with_time = [](double seconds) {
    Results results = searched();
    for (Row& row : results.rows) row.device = "sim:h100-sxm-80gb";
    results.rows[0].result.step_seconds = {.median = seconds, .iqr = 0.001, .samples = 3};
    return results;
  };
  EXPECT_EQ(compare_files(with_time(0.1), with_time(0.10009)).report,
            "same: 5 rows and 2 boundaries, equal in every byte\n");
  const auto worse = compare_files(with_time(0.1), with_time(0.1002));
  EXPECT_EQ(worse.status, 1);
  expect_words(line_with(worse, "step time"), {"100ms +-906us", "+0.20 %"});
  EXPECT_EQ(compare_files(with_time(0.1), with_time(0.0998)).status, 0);
  expect_words(compare_files(with_time(0.1), with_time(0.0998)).report, {"better: 1 change"});
}

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
