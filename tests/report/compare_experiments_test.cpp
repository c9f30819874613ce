// How files of experiments are judged.
#include <gtest/gtest.h>

#include <functional>

#include "harness/base/errors.h"
#include "harness/report/compare.h"
#include "harness/report/results_file.h"
#include "tests/report/made_up_stages.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {
namespace {

using namespace testing;

class CompareExperiments : public ::testing::Test {
 protected:
  /// One that fits, one that does not, and one of two stages.
  static std::vector<StageRow> base() {
    auto rows = staged_rows("mlp", "del", {"train", "del"});
    rows.push_back(stage_row("P2", "expandable"));
    rows.push_back(refused_row("P2", "default"));
    return rows;
  }
  static constexpr std::size_t kDel = 1, kFits = 2, kRefused = 3;

  std::filesystem::path write(const char* name, const std::vector<StageRow>& rows,
                              const std::string& processor = "one") const {
    const auto csv = folder_ / name;
    remove_results(csv);
    ResultsFile<StageRow> file(csv, {{"scenario", "made-up"}}, {{"processor", processor}, {"threads", 4}});
    for (const StageRow& row : rows) file.add(row);
    return csv;
  }

  /// Compares base() with itself after `change`.
  Comparison after(const std::function<void(std::vector<StageRow>&)>& change,
                   const std::string& processor = "one") const {
    auto next = base();
    change(next);
    return compare(write("base.csv", base()), write("new.csv", next, processor));
  }

  const TemporaryFolder folder_;
};

bool has(const Comparison& comparison, std::string_view part) {
  return comparison.report.find(part) != std::string::npos;
}

constexpr const char* kSame = "same: 4 stages, equal in every byte\n";

TEST_F(CompareExperiments, AFileIsTheSameAsItselfInAnyOrder) {
  EXPECT_EQ(after([](auto&) {}).report, kSame);
  EXPECT_EQ(after([](auto& rows) { std::swap(rows[kFits], rows[kRefused]); }).report, kSame);
}

TEST_F(CompareExperiments, OneByteMoreIsWorseAndOneLessBetterWhereItFits) {
  for (const auto& [column, level] : {std::pair{"now_requested_bytes", &Levels::requested},
                                      {"now_allocated_bytes", &Levels::allocated},
                                      {"now_reserved_bytes", &Levels::reserved},
                                      {"now_device_bytes", &Levels::device}}) {
    const auto more = after([&](auto& rows) { rows[kDel].stage.now.*level += 1; });
    EXPECT_EQ(more.status, 1) << column;
    EXPECT_TRUE(has(more, std::string("made-up mlp, del: del: ") + column)) << more.report;
    EXPECT_TRUE(has(more, "\nworse: 1 change for the worse and 0 for the better in 4 stages\n"))
        << more.report;
    const auto less = after([&](auto& rows) { rows[kDel].stage.now.*level -= 1; });
    EXPECT_EQ(less.status, 0) << column;
    EXPECT_TRUE(has(less, "\nbetter: 1 change ")) << less.report;
  }
  EXPECT_EQ(after([](auto& rows) { rows[kFits].stage.alloc_retries = 1; }).status, 1);
}

TEST_F(CompareExperiments, WhatFollowsFromAPeakIsNotSaidAgain) {
  const auto less = after([](auto& rows) {
    rows[kFits].stage.peak.reserved -= 2_MiB;
    rows[kFits].stage.reserved_beyond_live -= 2_MiB;
    rows[kFits].stage.unused_at_peak = 0.24;
  });
  EXPECT_EQ(less.status, 0);
  EXPECT_TRUE(has(less, "\nbetter: 1 change ")) << less.report;
}

TEST_F(CompareExperiments, OtherNumbersWhereMemoryRanOutAreAChangeInEitherDirection) {
  const std::vector<std::pair<const char*, std::function<void(Stage&)>>> moves{
      {"peak_reserved_bytes", [](Stage& s) { s.peak.reserved -= 1; }},
      {"refused_bytes", [](Stage& s) { s.refused_bytes += 1; }},
      {"refused_at", [](Stage& s) { *s.refused_at += 1; }},
      {"largest_fit_bytes", [](Stage& s) { s.largest_fit.reset(); }},
      {"scattered", [](Stage& s) { s.scattered = 0.7; }},
      {"unused_at_peak", [](Stage& s) { s.unused_at_peak = 0.2; }},
      {"verdict", [](Stage& s) { s.verdict = Verdict::capacity; }}};
  for (const auto& [column, move] : moves) {
    const auto moved = after([&](auto& rows) { move(rows[kRefused].stage); });
    EXPECT_EQ(moved.status, 1) << column;
    EXPECT_TRUE(has(moved, std::string(": ") + column + " ")) << moved.report;
    EXPECT_TRUE(has(moved, "\nchanged: 1 change ")) << moved.report;
  }
}

TEST_F(CompareExperiments, AnotherOutcomeIsJudgedAndNothingElse) {
  const auto worse = after([](auto& rows) { rows[kFits] = refused_row("P2", "expandable"); });
  EXPECT_EQ(worse.status, 1);
  EXPECT_TRUE(has(worse, "outcome")) << worse.report;
  EXPECT_TRUE(has(worse, "\nworse: 1 change ")) << worse.report;
  EXPECT_EQ(after([](auto& rows) { rows[kRefused] = stage_row("P2", "default"); }).status, 0);
}

TEST_F(CompareExperiments, AMissingExperimentOrStageIsWorseAndANewOneIsSaid) {
  const auto lost = after([](auto& rows) { rows.pop_back(); });
  EXPECT_EQ(lost.status, 1);
  EXPECT_TRUE(has(lost, "made-up P2, default")) << lost.report;
  const auto stage = after([](auto& rows) { rows[kDel].stage.name = "another"; });
  EXPECT_EQ(stage.status, 1);
  EXPECT_TRUE(has(stage, "made-up mlp, del: del  there  missing")) << stage.report;
  EXPECT_EQ(after([](auto& rows) { rows.push_back(stage_row("P3", "default")); }).report,
            std::string("new: made-up P3, default\n") + kSame);
}

TEST_F(CompareExperiments, TimesAreJudgedWhereTheyAreSharpEnough) {
  const auto with = [this](const Spread& spread, const std::string& processor = "one") {
    return after([&](auto& rows) { rows[kFits].stage.seconds = spread; }, processor);
  };
  EXPECT_EQ(with({.median = 0.104, .iqr = 0.001, .samples = 9}).report, kSame);
  EXPECT_EQ(with({.median = 0.120, .iqr = 0.001, .samples = 9}).status, 1);
  EXPECT_TRUE(has(with({.median = 0.080, .iqr = 0.001, .samples = 9}), "\nbetter: 1 change "));
  const auto once = with({.median = 0.200, .iqr = 0, .samples = 1});
  EXPECT_EQ(once.status, 0);
  EXPECT_TRUE(has(once, "1 change of time cannot be judged\n")) << once.report;
  const auto elsewhere = with({.median = 0.200, .iqr = 0.001, .samples = 9}, "another");
  EXPECT_EQ(elsewhere.report, std::string("times and results: cannot tell: other machine\n") + kSame);
}

TEST_F(CompareExperiments, FilesOfBothKindsAreNotCompared) {
  const auto stages = write("base.csv", base());
  (void)ResultsFile<Row>(folder_ / "trials.csv", {}, {});
  const auto refusal = [&](const std::filesystem::path& a, const std::filesystem::path& b) -> std::string {
    try {
      (void)compare(a, b);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "they were compared";
  };
  for (const auto& sentence :
       {refusal(stages, folder_ / "trials.csv"), refusal(folder_ / "trials.csv", stages)}) {
    EXPECT_NE(sentence.find("base.csv holds experiments and "), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("trials.csv training steps"), std::string::npos) << sentence;
  }
  EXPECT_NE(refusal(stages, folder_ / "none.csv").find("cannot read"), std::string::npos);
}

TEST_F(CompareExperiments, WithNothingInCommonAreWrongUsage) {
  for (std::string StageRow::*field :
       {&StageRow::scenario, &StageRow::subject, &StageRow::variant, &StageRow::device}) {
    EXPECT_THROW((void)after([field](auto& rows) {
                   for (StageRow& row : rows) row.*field += " other";
                 }),
                 UsageError);
  }
}

}  // namespace
}  // namespace memsweep
