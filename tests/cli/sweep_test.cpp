// The main job from the command line.
#include <gtest/gtest.h>

#include "harness/device/profile.h"
#include "harness/report/results_file.h"
#include "tests/cli/program.h"

namespace memsweep {
namespace {

using namespace testing;

TEST(Sweep, SimulatesTheCpuRowByRow) {
  const TemporaryFolder folder;
  expect_done(run(folder, kSweep + "--device cpu --csv cpu.csv"));
  expect_done(run(folder, kSweep + "--device sim --csv sim.csv"));
  const auto cpu = read_rows(folder / "cpu.csv"), sim = read_rows(folder / "sim.csv");
  ASSERT_EQ(cpu.size(), sim.size());
  ASSERT_GE(cpu.size(), 8U);
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    SCOPED_TRACE(cpu[i].variant + " " + std::to_string(cpu[i].batch));
    EXPECT_EQ(cpu[i].variant, sim[i].variant);
    EXPECT_EQ(cpu[i].batch, sim[i].batch);
    const TrialResult &real = cpu[i].result, &counted = sim[i].result;
    EXPECT_EQ(real.outcome, counted.outcome);
    EXPECT_EQ(real.verdict, counted.verdict);
    EXPECT_EQ(real.phase, counted.phase);
    EXPECT_EQ(real.peak, counted.peak);
    EXPECT_EQ(real.by_category, counted.by_category);
    EXPECT_EQ(real.refused_bytes, counted.refused_bytes);
    EXPECT_EQ(real.result_hash.has_value(), real.outcome == Outcome::ok);
    EXPECT_FALSE(counted.result_hash.has_value());
  }
  EXPECT_EQ(read_boundaries(folder / "cpu.csv"), read_boundaries(folder / "sim.csv"));
}

TEST(Sweep, ReportsTheBoundaryThatItsFileHolds) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, kSimSweep + "--recompute none,segments:2");
  expect_done(finished);
  EXPECT_TRUE(finished.out.starts_with("checkpointing: mlp:16-16x4-4 relu, fp32, sgd; sim:cpu with 16MiB"));
  EXPECT_TRUE(has(finished.out, "Simulated: bytes are counted, times are modelled.\n"));
  EXPECT_TRUE(finished.out.ends_with("\nRows: rows.csv\n"));
  const auto boundaries = read_boundaries(folder / "rows.csv");
  const auto table = table_of(finished.out);
  ASSERT_EQ(boundaries.size(), 2U);
  ASSERT_EQ(table.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(table[i].at(0), boundaries[i].variant);
    EXPECT_EQ(table[i].at(1), std::to_string(boundaries[i].max_batch));
    EXPECT_EQ(table[i].at(5), std::to_string(boundaries[i].first_oom_batch));
  }
}

TEST(Sweep, TakesAGridWhoseBatchesMayRunOut) {
  const TemporaryFolder folder;
  expect_done(run(folder, kSimSweep + "--recompute none --batches 64,1024:1048576:x32"));
  const auto rows = read_rows(folder / "rows.csv");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].batch, 64);
  EXPECT_EQ(rows[1].batch, 1024);
  EXPECT_EQ(rows[3].batch, 1048576);
  EXPECT_EQ(rows[1].result.outcome, Outcome::ok);
  EXPECT_EQ(rows[3].result.outcome, Outcome::oom);
  EXPECT_FALSE(std::filesystem::exists(boundaries_path(folder / "rows.csv")));
}

TEST(Sweep, PicksTheCpuByItselfAndSaysSo) {
  const TemporaryFolder folder;
  const std::string sweep = kSweep + "--recompute none --batches 4 --csv rows.csv ";
  const Words without_cuda{"MEMSWEEP_CUDA_MODULE=/nowhere"};
  const Finished spoken = run(folder, sweep + "--device auto", without_cuda);
  EXPECT_EQ(spoken.status, 0);
  EXPECT_EQ(spoken.err,
            "memsweep: MEMSWEEP_CUDA_MODULE names /nowhere, which is not there; running on cpu with 16MiB of "
            "memory\n");
  EXPECT_EQ(read_rows(folder / "rows.csv").at(0).device, "cpu");
  expect_done(run(folder, sweep + "--quiet"));
}

TEST(Sweep, WritesToTheFolderOfItsDeviceUnlessToldOtherwise) {
  const TemporaryFolder folder;
  expect_done(run(folder, "--scenario checkpointing --model mlp:16-16x4-4 --batches 4 --device sim:t4"));
  EXPECT_FALSE(read_rows(folder / "results/sim-t4/checkpointing.csv").empty());
}

TEST(Sweep, MeasuresAScenarioOnceHoweverOftenItIsNamed) {
  const TemporaryFolder folder;
  const Finished finished =
      run(folder, kTiny + "--device sim --csv rows.csv --batches 4 --scenario checkpointing,checkpointing");
  expect_done(finished);
  EXPECT_EQ(lines(finished.out).back(), "Rows: rows.csv");
  EXPECT_EQ(finished.out.find("Rows: "), finished.out.rfind("Rows: "));
}

TEST(Sweep, TakesTheLastOfAnOptionThatIsRepeated) {
  const TemporaryFolder folder;
  expect_done(
      run(folder, kSimSweep + "--batches 4 --batches 8 --recompute none --recompute sqrt --quiet --quiet"));
  const auto rows = read_rows(folder / "rows.csv");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].batch, 8);
  EXPECT_EQ(rows[0].variant, "sqrt");
}

TEST(Sweep, FollowsTheAllocatorOfTheReleaseThatWasAskedFor) {
  const TemporaryFolder folder;
  const std::string sweep =
      "--scenario checkpointing --model mlp:16-16x4-4 --device sim:h100-sxm-80gb "
      "--recompute none --batches 4 ";
  expect_done(run(folder, sweep + "--csv old.csv --pytorch 2.11"));
  expect_done(run(folder, sweep + "--csv new.csv --pytorch 2.15"));
  EXPECT_NE(read_rows(folder / "old.csv").at(0).result.peak, read_rows(folder / "new.csv").at(0).result.peak);
}

TEST(Sweep, PrintsWhatTheAllocatorIgnores) {
  const TemporaryFolder folder;
  const std::string sweep = kSimSweep + "--batches 4 --alloc-conf expandable_segments_reserve:much ";
  const Finished spoken = run(folder, sweep);
  EXPECT_EQ(spoken.status, 0);
  EXPECT_EQ(spoken.err, "memsweep: allocator setting expandable_segments_reserve: 'much' is ignored\n");
  expect_done(run(folder, sweep + "--quiet"));
}

TEST(Sweep, ScansForHolesWhereABisectionSeesNone) {
  const TemporaryFolder folder;
  const std::string sweep =
      "--scenario checkpointing --model mlp:16-16x4-4 --memory 6MiB --device sim --recompute none,sqrt ";
  const Finished bisected = run(folder, sweep + "--csv bisected.csv");
  const Finished scanned = run(folder, sweep + "--csv scanned.csv --scan");
  expect_done(bisected);
  expect_done(scanned);
  EXPECT_FALSE(has(bisected.out, "holes"));
  const BoundaryRow found = read_boundaries(folder / "scanned.csv").at(1);
  EXPECT_LT(found.first_oom_batch, found.max_batch);
  EXPECT_TRUE(has(scanned.out, "sqrt has holes below its largest batch: " + found.holes + "."));
}

TEST(Compare, EndsWithOneWhereAByteMoved) {
  const TemporaryFolder folder;
  expect_done(run(folder, kSimSweep + "--recompute none --batches 4"));
  const Finished same = run(folder, "compare rows.csv rows.csv");
  expect_done(same);
  std::string text = read_file(folder / "rows.csv");
  const auto peak = std::to_string(read_rows(folder / "rows.csv").at(0).result.peak.allocated);
  text.replace(text.find("," + peak + ","), peak.size() + 2, "," + peak + "0,");
  write_file(folder / "new.csv", text);
  const Finished worse = run(folder, "compare rows.csv new.csv");
  EXPECT_EQ(worse.status, 1);
  EXPECT_EQ(worse.err, "");
  EXPECT_TRUE(has(worse.out, "worse"));
}

TEST(Show, PrintsAStepForEachPolicy) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "show --model mlp:8-6x3-4 --recompute none,sqrt --batch 5 --no-bias");
  expect_done(finished);
  EXPECT_TRUE(has(finished.out, "recompute none, batch 5\n"));
  EXPECT_TRUE(has(finished.out, "recompute sqrt, batch 5\n"));
  EXPECT_TRUE(has(finished.out, "[5x6]"));
  EXPECT_FALSE(has(finished.out, "bias"));
}

TEST(List, NamesEveryProfile) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "list devices");
  expect_done(finished);
  const auto table = table_of(finished.out);
  ASSERT_EQ(table.size(), profiles().size());
  for (std::size_t i = 0; i < table.size(); ++i) EXPECT_EQ(table[i].at(0), profiles()[i].name);
}

TEST(List, HoldsEveryTopic) {
  const TemporaryFolder folder;
  const Finished all = run(folder, "list");
  expect_done(all);
  for (const char* topic : {"scenarios", "models", "optimizers", "devices"}) {
    const Finished one = run(folder, std::string("list ") + topic);
    expect_done(one);
    EXPECT_TRUE(has(all.out, one.out)) << topic;
  }
  EXPECT_TRUE(has(run(folder, "list columns").out, "| `peak_allocated_bytes` | bytes |"));
}

TEST(Help, GroupsTheOptionsAndNamesEnvironmentAndExamples) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "--help");
  expect_done(finished);
  for (const char* part : {"\nSweep:\n", "\nModel:\n", "\nDevice:\n", "\nOutput:\n", "--no-bias  ",
                           "MEMSWEEP_DEVICE", "PYTORCH_CUDA_ALLOC_CONF", "\nExamples:\n", "\n  compare "}) {
    EXPECT_TRUE(has(finished.out, part)) << part;
  }
}

TEST(Help, OfACommandIsItsOwn) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "show --help");
  expect_done(finished);
  EXPECT_TRUE(has(finished.out, "--batch N=32"));
  EXPECT_FALSE(has(finished.out, "--csv"));
  EXPECT_FALSE(has(finished.out, "Examples:"));
}

TEST(Version, NamesTheProgram) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "--version");
  expect_done(finished);
  EXPECT_TRUE(finished.out.starts_with("memsweep 0."));
}

}  // namespace
}  // namespace memsweep
