// Options from a file and from the environment, and who goes before whom.
#include <gtest/gtest.h>

#include "harness/report/results_file.h"
#include "tests/cli/program.h"

namespace memsweep {
namespace {

using namespace testing;

/// Rows of a run whose options stand in a file.
std::vector<Row> rows_under(const std::string& config, const std::string& arguments = "") {
  const TemporaryFolder folder;
  write_file(folder / "memsweep.conf", config);
  expect_done(run(folder, "--csv rows.csv --config memsweep.conf " + arguments));
  return read_rows(folder / "rows.csv");
}

const std::string kConfig = R"(# a comment
scenario = checkpointing
model = mlp:16-16x4-4
device = sim
memory = 16MiB
batches = 8,4
)";

TEST(ConfigFile, HoldsAnyOptionAsTheCommandLineWouldReadIt) {
  const auto rows = rows_under(kConfig + "recompute=none,every:1\noptimizer=adamw:lr=0.1,weight_decay=0\n" +
                               "alloc-conf=max_split_size_mb:64,roundup_power2_divisions:[256:1,512:2]\n" +
                               "no-bias=true\nlayernorm=true\n");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].batch, 8);
  EXPECT_EQ(rows[1].batch, 4);
  EXPECT_EQ(rows[2].variant, "every:1");
  EXPECT_EQ(rows[0].model, "mlp:16-16x4-4 relu layernorm nobias");
  EXPECT_EQ(rows[0].optimizer, "adamw:lr=0.1,weight_decay=0");
}

TEST(ConfigFile, TakesListsInBracketsToo) {
  const auto rows = rows_under(kConfig + "recompute=[\"none\", \"sqrt\"]\nno-bias=false\n");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[2].variant, "sqrt");
  EXPECT_EQ(rows[0].model, "mlp:16-16x4-4 relu");
}

TEST(ConfigFile, SwitchesTheScalerOnAndOffOrGivesItsOptions) {
  const auto precision = [](const std::string& line) {
    return rows_under(kConfig + "recompute=none\nprecision=autocast-fp16\n" + line)[0].precision;
  };
  EXPECT_EQ(precision("grad-scaler=true\n"), "autocast-fp16 grad-scaler");
  EXPECT_EQ(precision("grad-scaler=false\nfp32-loss=true\nno-cast-cache=true\n"),
            "autocast-fp16 no-cast-cache fp32-loss");
  EXPECT_EQ(precision("grad-scaler=init_scale=4,growth_interval=9\n"),
            "autocast-fp16 grad-scaler=init_scale=4,growth_interval=9");
}

TEST(ConfigFile, GoesBehindTheCommandLine) {
  const auto rows = rows_under(kConfig + "recompute=none\n", "--batches 2");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].batch, 2);
}

TEST(ConfigFile, WithAnUnknownNameOrABadValueIsRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& config, std::string_view sentence) {
    write_file(folder / "memsweep.conf", config);
    expect_refused(run(folder, kSimSweep + "--config memsweep.conf"), sentence);
  };
  refused("modle=mlp:4-4\n", "config file: there is no option '--modle'; did you mean '--model'?");
  refused("these are no options\n", "there is no option '--these are no options'");
  refused("[show]\nbatch=3\n", "there is no option '--show'");
  refused("steps=2\n", "--steps: '2' is no whole number");
  refused("batches=4,x\n", "--batches: '4,x' is no list of batches");
  refused("optimizer=sgd\noptimizer=adamw\n", "'sgd,adamw'");
  EXPECT_FALSE(std::filesystem::exists(folder / "rows.csv"));
}

TEST(ConfigFile, ThatIsNotThereIsRefused) {
  const TemporaryFolder folder;
  expect_refused(run(folder, kSimSweep + "--config missing.conf"),
                 "cannot read the config file 'missing.conf'");
  expect_refused(run(folder, kSimSweep + "--config ."), "cannot read the config file '.'");
}

TEST(Environment, NamesScenarioDeviceMemoryAndFile) {
  const TemporaryFolder folder;
  expect_done(run(folder, "--model mlp:16-16x4-4 --batches 4",
                  {"MEMSWEEP_SCENARIO=checkpointing", "MEMSWEEP_DEVICE=sim", "MEMSWEEP_MEMORY=16MiB",
                   "MEMSWEEP_CSV=mine.csv"}));
  const auto rows = read_rows(folder / "mine.csv");
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0].device, "sim:cpu");
  EXPECT_TRUE(has(read_file(folder / "mine.settings.json"), "\"memory\": \"16MiB\""));
}

TEST(Environment, GoesBehindTheCommandLineAndAnEmptyVariableIsNone) {
  const TemporaryFolder folder;
  expect_done(run(folder, kSimSweep + "--batches 4", {"MEMSWEEP_DEVICE=nothing", "MEMSWEEP_MEMORY=nothing"}));
  expect_done(run(folder, kSimSweep + "--batches 4", {"MEMSWEEP_CSV=", "PYTORCH_CUDA_ALLOC_CONF="}));
}

TEST(Environment, WithABadValueIsRefused) {
  const TemporaryFolder folder;
  const std::string sweep = "--scenario checkpointing --csv rows.csv";
  expect_refused(run(folder, sweep, {"MEMSWEEP_DEVICE=cpuu"}), "did you mean 'cpu'?");
  expect_refused(run(folder, sweep, {"MEMSWEEP_MEMORY=12x"}), "--memory: '12x' is no size");
  expect_refused(run(folder, sweep, {"PYTORCH_CUDA_ALLOC_CONF=nothing:1"}), "'nothing'");
}

TEST(Environment, HoldsPytorchsAllocatorSettings) {
  const TemporaryFolder folder;
  const Words quarter{"PYTORCH_CUDA_ALLOC_CONF=per_process_memory_fraction:0.25"};
  expect_done(run(folder, kSimSweep + "--recompute none --csv quarter.csv", quarter));
  expect_done(run(folder, kSimSweep + "--recompute none --csv whole.csv"));
  EXPECT_LT(read_boundaries(folder / "quarter.csv").at(0).max_batch,
            read_boundaries(folder / "whole.csv").at(0).max_batch);
}

TEST(Environment, FirstOfPytorchsVariablesThatExistsWinsEvenWhenItIsEmpty) {
  const TemporaryFolder folder;
  const std::string cuda = "PYTORCH_CUDA_ALLOC_CONF=", hip = "PYTORCH_HIP_ALLOC_CONF=",
                    neutral = "PYTORCH_ALLOC_CONF=", bad = "nothing:1", good = "max_split_size_mb:64";
  expect_refused(run(folder, kSimSweep, {neutral + bad}), "'nothing'");
  expect_refused(run(folder, kSimSweep, {neutral + good, hip + bad}), "'nothing'");
  expect_refused(run(folder, kSimSweep, {neutral + good, hip + good, cuda + bad}), "'nothing'");
  const std::string grid = kSimSweep + "--batches 4 --fresh ";
  expect_done(run(folder, grid, {neutral + bad, hip + good}));
  expect_done(run(folder, grid, {neutral + bad, hip}));
  expect_done(run(folder, grid, {neutral + bad, hip + bad, cuda}));
  expect_done(run(folder, grid + "--alloc-conf " + good, {neutral + bad, hip + bad, cuda + bad}));
}

}  // namespace
}  // namespace memsweep
