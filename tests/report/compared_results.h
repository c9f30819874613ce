// Results of a made-up search, and the fixture that compares them after a change.
#pragma once

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/report/compare.h"
#include "harness/report/results_file.h"
#include "tests/json.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {

using testing::TemporaryFolder;
using testing::write_file;

struct Results {
  std::vector<Row> rows;
  std::vector<BoundaryRow> boundaries;
  nlohmann::json settings{{"device", "cpu"}, {"memory", "512MiB"}, {"seed", 7}, {"time_limit", 2}};
  nlohmann::json environment{{"processor", "one"}, {"threads", 4}};
};

inline Row row_of(std::string variant, std::int64_t batch, Outcome outcome,
                  Purpose purpose = Purpose::boundary) {
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
inline Results searched() {
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
    ResultsFile<Row> file(csv, results.settings, results.environment);
    for (const Row& row : results.rows) file.add(row);
    if (!results.boundaries.empty()) write_boundaries(csv, results.boundaries);
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

inline std::string verdict_of_report(const Comparison& comparison) {
  const std::string& text = comparison.report;
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

/// The line that holds `what`; none, or more than one, is a failure of the test.
inline std::string line_with(const Comparison& comparison, const std::string& what) {
  const std::string& text = comparison.report;
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << " is missing in\n" << text;
  if (at == std::string::npos) return "";
  EXPECT_EQ(text.find(what, at + 1), std::string::npos) << what << " stands twice in\n" << text;
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

inline void expect_words(const std::string& line, const std::vector<std::string>& words) {
  for (const std::string& word : words) EXPECT_NE(line.find(word), std::string::npos) << word << ": " << line;
}

}  // namespace memsweep
