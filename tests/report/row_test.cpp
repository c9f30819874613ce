#include "harness/report/row.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "harness/report/boundary_row.h"

namespace memsweep {
namespace {

/// No field has the value that a new row has, and no two fields of a kind are equal.
Row distinctive_row() {
  Row row{.scenario = "checkpointing",
          .variant = "every, 2 \"layers\"",
          .model = "mlp:256-256x24-10 gelu",
          .precision = "bf16",
          .optimizer = "adamw foreach",
          .device = "sim:h100-sxm-80gb",
          .batch = 1234567890123,
          .purpose = Purpose::grid,
          .result = {}};
  TrialResult& r = row.result;
  r.outcome = Outcome::oom;
  r.steps = 17;
  r.phase = Phase::zero_grad;
  r.phase_step = 3;
  r.peak = {.requested = 1, .allocated = 512, .reserved = 2097152, .device = 18446744073709551615U};
  for (std::size_t i = 0; i < kCategoryCount; ++i) r.by_category[i] = 100 + i;
  r.refused_bytes = 4097;
  r.alloc_retries = 5;
  r.verdict = Verdict::fragmentation;
  r.message = "CUDA out of memory. Tried to allocate 2.00 MiB.\nSee \"documentation\", please.";
  r.step_seconds = {.median = 0.012345678, .iqr = 0.000000009, .samples = 29};
  r.noisy = true;
  r.overhead_bytes = 314572800;
  r.throttled_samples = 2;
  r.loss = 2.30258512F;
  r.result_hash = 0x00ab54a98ceb1f0a;
  return row;
}

class EveryColumn : public ::testing::TestWithParam<Column<Row>> {};

TEST_P(EveryColumn, SaysWhatItMeans) {
  EXPECT_FALSE(GetParam().name.empty());
  EXPECT_FALSE(GetParam().meaning.empty());
}

TEST_P(EveryColumn, ReadsWhatItWrote) {
  const Column<Row>& column = GetParam();
  if (column.read == nullptr) return;
  const Row row = distinctive_row();
  Row read;
  ASSERT_NE(column.write(row), column.write(read)) << "the row says nothing about this column";
  column.read(read, column.write(row));
  EXPECT_EQ(column.write(read), column.write(row));
}

TEST_P(EveryColumn, ReadsNothingButItsOwnField) {
  const Column<Row>& column = GetParam();
  if (column.read == nullptr) return;
  Row read;
  column.read(read, column.write(distinctive_row()));
  for (const Column<Row>& other : columns<Row>()) {
    if (other.read == nullptr || other.name == column.name) continue;
    EXPECT_EQ(other.write(read), other.write(Row{})) << other.name;
  }
}

TEST_P(EveryColumn, OfAnyKindButTextRefusesWhatItNeverWrites) {
  const Column<Row>& column = GetParam();
  static const std::set<std::string_view> kText{"scenario",  "variant", "model",  "precision",
                                                "optimizer", "device",  "message"};
  if (column.read == nullptr || kText.contains(column.name)) return;
  Row row;
  EXPECT_THROW(column.read(row, "12 apples"), std::exception);
  EXPECT_THROW(column.read(row, " "), std::exception);
}

INSTANTIATE_TEST_SUITE_P(Row, EveryColumn, ::testing::ValuesIn(columns<Row>().begin(), columns<Row>().end()),
                         [](const auto& column) { return std::string(column.param.name); });

TEST(LossColumn, SaysWhatIsNoNumberAndReadsItBack) {
  const auto all = columns<Row>();
  const auto& loss =
      *std::find_if(all.begin(), all.end(), [](const auto& column) { return column.name == "loss"; });
  for (const std::string text : {"nan", "inf", "-inf"}) {
    Row row;
    loss.read(row, text);
    ASSERT_TRUE(row.result.loss.has_value());
    EXPECT_EQ(loss.write(row), text);
  }
  Row row;
  row.result.loss = -std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(loss.write(row), "nan");
}

TEST(Row, ColumnsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Column<Row>& column : columns<Row>())
    EXPECT_TRUE(names.insert(column.name).second) << column.name;
}

TEST(Row, AllOfARowComesBack) {
  const Row row = distinctive_row();
  Row read;
  for (const Column<Row>& column : columns<Row>()) {
    if (column.read != nullptr) column.read(read, column.write(row));
  }
  for (const Column<Row>& column : columns<Row>())
    EXPECT_EQ(column.write(read), column.write(row)) << column.name;
  EXPECT_EQ(read.batch, row.batch);
  EXPECT_EQ(read.purpose, row.purpose);
  EXPECT_EQ(read.result.outcome, row.result.outcome);
  EXPECT_EQ(read.result.phase, row.result.phase);
  EXPECT_EQ(read.result.peak, row.result.peak);
  EXPECT_EQ(read.result.by_category, row.result.by_category);
  EXPECT_EQ(read.result.verdict, row.result.verdict);
  EXPECT_EQ(read.result.message, row.result.message);
  EXPECT_EQ(read.result.loss, row.result.loss);
  EXPECT_EQ(read.result.result_hash, row.result.result_hash);
  EXPECT_EQ(read.result.step_seconds.samples, row.result.step_seconds.samples);
  EXPECT_NEAR(read.result.step_seconds.median, row.result.step_seconds.median, 1e-9);
}

TEST(Row, EveryPurposeOutcomePhaseAndVerdictHasAWordThatIsReadBack) {
  const auto written_and_read = [](const Row& row) {
    Row read;
    for (const Column<Row>& column : columns<Row>()) {
      if (column.read != nullptr) column.read(read, column.write(row));
    }
    return read;
  };
  for (Purpose purpose : {Purpose::boundary, Purpose::common, Purpose::grid}) {
    Row row;
    row.purpose = purpose;
    EXPECT_EQ(written_and_read(row).purpose, purpose);
  }
  for (Outcome outcome : {Outcome::ok, Outcome::oom, Outcome::error}) {
    Row row;
    row.result.outcome = outcome;
    EXPECT_EQ(written_and_read(row).result.outcome, outcome);
  }
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    Row row;
    row.result.phase = static_cast<Phase>(i);
    EXPECT_EQ(written_and_read(row).result.phase, row.result.phase);
  }
  for (Verdict verdict : {Verdict::fits, Verdict::flushing, Verdict::capacity, Verdict::fragmentation,
                          Verdict::foreign, Verdict::limit}) {
    Row row;
    row.result.verdict = verdict;
    EXPECT_EQ(written_and_read(row).result.verdict, verdict);
  }
}

TEST(Row, WhereNothingWasComputedLossAndHashStayEmpty) {
  Row row = distinctive_row();
  for (const Column<Row>& column : columns<Row>()) {
    if (column.name == "loss" || column.name == "result_hash") column.read(row, "");
  }
  EXPECT_FALSE(row.result.loss);
  EXPECT_FALSE(row.result.result_hash);
}

TEST(Row, TheRateFollowsFromBatchAndTime) {
  Row row;
  row.batch = 64;
  EXPECT_EQ(row.samples_per_second(), 0);
  row.result.step_seconds.median = 0.5;
  EXPECT_EQ(row.samples_per_second(), 128);
}

TEST(BoundaryRow, AllOfItComesBackAndEveryColumnHasANameAndAMeaning) {
  const BoundaryRow row{.scenario = "batch_size",
                        .variant = "plain",
                        .max_batch = 640,
                        .first_oom_batch = 641,
                        .predicted_batch = 639,
                        .trials = 5,
                        .ooms = 2,
                        .holes = "650 fits, 600 does not"};
  BoundaryRow read;
  std::set<std::string_view> names;
  for (const auto& column : columns<BoundaryRow>()) {
    EXPECT_TRUE(names.insert(column.name).second) << column.name;
    EXPECT_FALSE(column.meaning.empty()) << column.name;
    column.read(read, column.write(row));
  }
  EXPECT_EQ(read, row);
}

TEST(BoundaryRow, StandsBesideItsRows) {
  EXPECT_EQ(boundaries_path("results/cpu/checkpointing.csv"), "results/cpu/checkpointing.boundaries.csv");
}

}  // namespace
}  // namespace memsweep
