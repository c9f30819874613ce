// How the rows and boundaries of two result files are judged.
#include "tests/report/compared_results.h"

namespace memsweep {
namespace {

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

}  // namespace
}  // namespace memsweep
