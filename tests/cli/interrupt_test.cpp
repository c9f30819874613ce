// What was measured stays, and is not measured again.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "harness/report/results_file.h"
#include "tests/cli/program.h"

namespace memsweep {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

/// Eight trials of which each takes long enough to be interrupted in.
const std::string kSlowSweep = kSweep +
                               "--device cpu --csv rows.csv --recompute none,sqrt "
                               "--batches 12000:13500:+500 --steps 20 ";

std::size_t line_count(const std::filesystem::path& file) {
  return std::filesystem::exists(file) ? lines(read_file(file)).size() : 0;
}

/// Waits until a row is on disk, while the program still runs.
void await_first_row(const std::filesystem::path& file) {
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (line_count(file) < 2 && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ASSERT_GE(line_count(file), 2U) << "no row was flushed";
}

/// Variant, batch, outcome, phase and bytes of a grid's lines; not the times.
std::vector<Words> without_times(std::vector<Words> table) {
  for (Words& line : table) line.resize(8);
  return table;
}

TEST(Interrupt, EndsSoonWithWhatWasMeasuredAndTheSameCommandGoesOn) {
  const TemporaryFolder folder;
  const auto csv = folder / "rows.csv";
  ProgramRun program(folder.path(), words(kSlowSweep));
  await_first_row(csv);
  program.send(SIGINT);
  const auto asked = Clock::now();
  const Finished interrupted = program.finish();
  EXPECT_LT(Clock::now() - asked, std::chrono::seconds(5));
  expect_refused(interrupted, "interrupted; what was measured is in rows.csv, and the same command goes on",
                 130);
  const std::string first_part = read_file(csv);
  EXPECT_TRUE(first_part.ends_with('\n'));
  EXPECT_LT(read_rows(csv).size(), 8U);

  const Finished resumed = run(folder, kSlowSweep);
  expect_done(resumed);
  EXPECT_TRUE(read_file(csv).starts_with(first_part)) << "a row was measured twice or changed";
  const auto rows = read_rows(csv);
  EXPECT_EQ(rows.size(), 8U);
  std::set<std::pair<std::string, std::int64_t>> measured;
  for (const Row& row : rows) EXPECT_TRUE(measured.emplace(row.variant, row.batch).second) << row.variant;

  const TemporaryFolder other;
  const Finished whole = run(other, kSlowSweep);
  expect_done(whole);
  EXPECT_EQ(without_times(table_of(resumed.out)), without_times(table_of(whole.out)));
  const auto expected = read_rows(other / "rows.csv");
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].result.peak, expected[i].result.peak);
    EXPECT_EQ(rows[i].result.by_category, expected[i].result.by_category);
    EXPECT_EQ(rows[i].result.result_hash, expected[i].result.result_hash);
  }
}

TEST(Interrupt, OfAFreshSweepSaysThatFreshWouldStartAgain) {
  const TemporaryFolder folder;
  ProgramRun program(folder.path(), words(kSlowSweep + "--fresh"));
  await_first_row(folder / "rows.csv");
  program.send(SIGTERM);
  expect_refused(program.finish(), "the same command without --fresh goes on", 130);
}

TEST(Resumption, OfASearchThatDiedInTheMiddleOfARowEndsWithTheSameFiles) {
  const TemporaryFolder folder;
  const auto csv = folder / "rows.csv";
  const Finished whole = run(folder, kSimSweep);
  expect_done(whole);
  const std::string text = read_file(csv), boundaries = read_file(boundaries_path(csv));
  for (const std::size_t kept : {text.size() / 2, text.find('\n') + 1, text.find('\n') / 2, std::size_t{0}}) {
    write_file(csv, text.substr(0, kept));
    std::filesystem::remove(boundaries_path(csv));
    const Finished resumed = run(folder, kSimSweep);
    expect_done(resumed);
    EXPECT_EQ(resumed.out, whole.out);
    EXPECT_EQ(read_file(csv), text);
    EXPECT_EQ(read_file(boundaries_path(csv)), boundaries);
  }
}

TEST(Resumption, OfAFinishedSweepMeasuresNothing) {
  const TemporaryFolder folder;
  const std::string sweep = kSweep + "--device cpu --csv rows.csv --recompute none,sqrt";
  const Finished first = run(folder, sweep);
  const std::string text = read_file(folder / "rows.csv");
  const Finished second = run(folder, sweep);
  expect_done(second);
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(read_file(folder / "rows.csv"), text);
}

}  // namespace
}  // namespace memsweep
