// What cannot be done as asked: one sentence, the exit status, and nothing made or overwritten.
#include <gtest/gtest.h>

#include <map>

#include "tests/cli/program.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using namespace testing;

/// All files of a folder with their bytes.
std::map<std::string, std::string> contents(const TemporaryFolder& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    files[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path()) : "folder";
  }
  return files;
}

struct BadInput {
  std::string arguments;
  std::string sentence;  // part of it
  int status = 2;
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.arguments; }

class Refuses : public ::testing::TestWithParam<BadInput> {};

TEST_P(Refuses, InOneSentenceAndMakesNothing) {
  const TemporaryFolder folder;
  expect_refused(run(folder, GetParam().arguments), GetParam().sentence, GetParam().status);
  EXPECT_TRUE(contents(folder).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Names, Refuses,
    ::testing::ValuesIn(std::vector<BadInput>{
        {"", "--scenario checkpointing"},
        {"--scenario checkpointin", "there is no scenario 'checkpointin'; did you mean 'checkpointing'?"},
        {"--scenario checkpointing,nothing", "there is no scenario 'nothing'"},
        {"--scenario ,", "there is no scenario ''"},
        {"--scenario=", "--scenario needs a value"},
        {kSimSweep + "--device gpu", "there is no device 'gpu'"},
        {kSimSweep + "--device cpuu", "did you mean 'cpu'?"},
        {kSimSweep + "--device sim:h100-sxm-80g",
         "there is no device profile 'h100-sxm-80g'; did you mean 'h100-sxm-80gb'?"},
        {kSimSweep + "--device sim:", "there is no device profile ''; known are: v100-sxm2-16gb"},
        {kSimSweep + "--device cuda:", "'cuda:' names no GPU; write cuda, or cuda:1 for the second one"},
        {kSimSweep + "--device cuda:-1", "'cuda:-1' names no GPU"},
        {kSimSweep + "--trial-limit 0", "--trial-limit: '0' is no number above 0"},
        {kSimSweep + "--trial-limit 5 --in-process", "--in-process"},
        {"calibrate --device gpu", "there is no device 'gpu'"},
        {kSimSweep + "--device cpu --profile mine.json", "--profile describes a simulated device"},
        {kSimSweep + "--profile missing.json", "missing.json"},
        {kSimSweep + "--precision fp17", "there is no precision 'fp17'; did you mean 'fp16'?"},
        {kSimSweep + "--precision bf16 --no-cast-cache", "there is no cast cache to switch off in bf16"},
        {kSimSweep + "--fp32-loss", "the loss is f32 in fp32 already"},
        {kSimSweep + "--grad-scaler", "GradScaler rescues small fp16 gradients"},
        {kSimSweep + "--precision fp16 --grad-scaler", "GradScaler refuses to unscale fp16 gradients"},
        {kSimSweep + "--precision autocast-fp16 --grad-scaler=init_scale=0",
         "init_scale needs a number above 0"},
        {kSimSweep + "--optimizer adamww", "'adamww'"},
        {kSimSweep + "--activation rellu", "'rellu'"},
        {kSimSweep + "--recompute sqrtt", "'sqrtt' is no recompute policy"},
        {kSimSweep + "--recompute=", "--recompute needs a value"},
        {kSimSweep + "--recompute none --reentrant", "--reentrant says how to recompute"},
        {kSimSweep + "--recompute selective --reentrant", "selective recomputation is not reentrant"},
        {kSimSweep + "--recompute selective --activation relu_inplace", "would overwrite one"},
        {kSimSweep + "--model gpt-tiny --input-requires-grad", "the input is tokens"},
        {kSimSweep + "--loop resident --input-requires-grad", "would add up their gradient for ever"},
        {kSimSweep + "--pytorch 2.12", "'2.12'"},
        {kSimSweep + "--modle mlp:4-4", "there is no option '--modle'; did you mean '--model'?"},
        {kSimSweep + "--modle=mlp:4-4", "there is no option '--modle'; did you mean '--model'?"},
        {kSimSweep + "--no-bas", "did you mean '--no-bias'?"},
        {kSimSweep + "-x", "there is no option '-x'; see --help"},
        {kSimSweep + "--quiet=loud", "--quiet takes no value"},
        {"lits", "there is no command 'lits'; did you mean 'list'?"},
        {"list scenarois", "there is no topic 'scenarois'; did you mean 'scenarios'?"},
        {"list scenarios models", "'models' is one too many; see memsweep list --help"},
        {"show --modle mlp:4-4", "there is no option '--modle'; did you mean '--model'?"},
        {"show --device cpu", "there is no option '--device'"},
        {"compare one.csv", "new is required; see memsweep compare --help"},
        {"compare one.csv two.csv", "cannot read one.csv"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Values, Refuses,
    ::testing::ValuesIn(std::vector<BadInput>{
        {kSimSweep + "--memory 12XiB", "--memory: '12XiB' is no size"},
        {kSimSweep + "--memory 0", "--memory: '0' is no size"},
        {kSimSweep + "--memory=-5MiB", "--memory: '-5MiB' is no size"},
        {kSimSweep + "--memory 1e30", "--memory: '1e30' is no size"},
        {kSimSweep + "--memory nan", "--memory: 'nan' is no size"},
        {kSimSweep + "--memory=", "--memory needs a value"},
        {kSimSweep + "--memory", "--memory needs a value"},
        {kSweep + "--csv rows.csv --device cpu --memory 1000TiB",
         "is available now; --device sim needs none of it"},
        {kSimSweep + "--device sim:t4 --memory 100MiB", "--memory 100MiB leaves nothing beside"},
        {kSimSweep + "--memory 1KiB",
         "1KiB is too small for batch 1 of mlp:16-16x4-4 relu under sgd; it needs 2MiB"},
        {kSimSweep + "--memory 1KiB --batches 4", "1KiB is too small for batch 1"},
        {kSimSweep + "--model mlp:0-4", "'0' in mlp:0-4 is no width"},
        {kSimSweep + "--model mlp:16-99999999999999999999-4", "'99999999999999999999' in mlp:"},
        {kSimSweep + "--model mlp:4--4", "'' in mlp:4--4 is no width"},
        {kSimSweep + "--model mlp:16", "needs at least two widths"},
        {kSimSweep + "--model mlp:65536-65536-4", "16MiB is too small for batch 1 of mlp:65536-65536-4"},
        {kSimSweep + "--model mlp:16777216x9-4", "it needs more than any device has"},
        {kSimSweep + "--model gpt", "model 'gpt' lacks its shape"},
        {kSimSweep + "--fuse --activation gelu", "there is nothing to fuse"},
        {kSimSweep + "--fuse --recompute selective", "selective recomputation keeps products"},
        {kSimSweep + "--model gpt:width=10,heads=4", "width=10 cannot be divided among heads=4"},
        {kSimSweep + "--model conv:size=2", "an image of 2x2 cannot be halved 2 times"},
        {kSimSweep + "--dropout 1", "--dropout: '1' is no probability"},
        {kSimSweep + "--dropout half", "--dropout: 'half' is no probability"},
        {kSimSweep + "--seed=-1", "--seed: '-1' is no whole number from 0 to 4294967295"},
        {kSimSweep + "--seed 4294967296", "--seed: '4294967296' is no whole number from 0 to 4294967295"},
        {kSimSweep + "--seed 99999999999999999999999", "is no whole number"},
        {kSimSweep + "--steps 2", "--steps: '2' is no whole number from 3 to 1000"},
        {kSimSweep + "--steps 3.5", "--steps: '3.5' is no whole number"},
        {kSimSweep + "--time-limit 0", "--time-limit: '0' is no number from 0.001 to 86400"},
        {kSimSweep + "--time-limit nan", "--time-limit: 'nan' is no number"},
        {kSimSweep + "--time-limit 1e308", "--time-limit: '1e308' is no number"},
        {kSimSweep + "--batches=", "--batches needs a value"},
        {kSimSweep + "--batches 0", "--batches: '0' is no list of batches"},
        {kSimSweep + "--batches 4,,8", "is no list of batches"},
        {kSimSweep + "--batches 8:4:x2", "is no list of batches"},
        {kSimSweep + "--batches 4:8:x1", "is no list of batches"},
        {kSimSweep + "--batches 4:8:2", "is no list of batches"},
        {kSimSweep + "--batches 99999999999", "each from 1 to 2147483648"},
        {kSimSweep + "--batches 1:2147483648:+1", "names more than 10000 batches"},
        {kSimSweep + "--batches 4 --scan", "--scan looks around a boundary, and --batches searches for none"},
        {kSimSweep + "--alloc-conf max_splt_size_mb:64",
         "'max_splt_size_mb' is not known; did you mean 'max_split_size_mb'?"},
        {kSimSweep + "--alloc-conf max_split_size_mb", "end where a value"},
        {kSimSweep + "--alloc-conf max_split_size_mb:1", "'1' must be at least 20"},
        {kSimSweep + "--alloc-conf backend:cudaMalloc",
         "there is no allocator backend 'cudaMalloc'; did you mean 'cudaMallocAsync'?"},
        {kSimSweep + "--csv=", "--csv needs a value"},
        {kSimSweep + "--csv rows.txt", "--csv: 'rows.txt' is no name that ends in .csv"},
        {kSimSweep + "--csv .", "--csv: '.' is no name that ends in .csv"},
        {kSimSweep + "--csv /proc/rows.csv", "cannot write to /proc/rows"},
        {"show --batch 0", "--batch: '0' is no whole number from 1 to 2147483648"},
    }));

/// A run was made into rows.csv; what happens to it?
class ExistingFile : public ::testing::Test {
 protected:
  ExistingFile() { expect_done(run(folder_, kSimSweep + "--batches 4,8")); }

  void expect_untouched(const std::string& arguments, std::string_view sentence) {
    const auto before = contents(folder_);
    expect_refused(run(folder_, arguments), sentence);
    EXPECT_EQ(contents(folder_), before);
  }

  TemporaryFolder folder_;
};

TEST_F(ExistingFile, OfOtherSettingsIsRefusedAndTheDifferenceNamed) {
  expect_untouched(kSimSweep + "--batches 4,8 --seed 1", "rows.csv holds another run (seed: 0 there, 1 now)");
  expect_untouched(kSimSweep + "--batches 4,8 --memory 32MiB", "(memory: \"16MiB\" there, \"32MiB\" now)");
  expect_untouched(kSimSweep + "--batches 4,8 --device sim:t4 --memory 15GiB", "(device: \"sim:cpu\" there");
  expect_untouched(kSimSweep + "--batches 4,9", "batches: [4,8] there, [4,9] now");
  expect_untouched(kSimSweep, "batches: [4,8] there, [] now");
}

TEST_F(ExistingFile, IsComparedBySeedsUpToTheLargestAndInDecimal) {
  expect_untouched(kSimSweep + "--batches 4,8 --seed 4294967295", "(seed: 0 there, 4294967295 now)");
  expect_untouched(kSimSweep + "--batches 4,8 --seed 010", "(seed: 0 there, 10 now)");
}

TEST_F(ExistingFile, OfAnotherScenarioIsRefused) {
  auto beside = testing::read_json(folder_ / "rows.settings.json");
  beside.at("settings").at("scenario") = "other";
  write_file(folder_ / "rows.settings.json", beside.dump());
  expect_untouched(kSimSweep + "--batches 4,8", "(scenario: \"other\" there, \"checkpointing\" now)");
}

TEST_F(ExistingFile, WithoutSettingsBesideItIsRefused) {
  std::filesystem::remove(folder_ / "rows.settings.json");
  expect_untouched(kSimSweep + "--batches 4,8", "rows.csv is there already and is no run that can go on");
}

TEST_F(ExistingFile, WithOtherColumnsIsRefused) {
  write_file(folder_ / "rows.csv", "colour,size\nred,3\n");
  expect_untouched(kSimSweep + "--batches 4,8", "rows.csv is not a results file of this version");
}

TEST_F(ExistingFile, IsLeftAloneWhereTheRunIsRefused) {
  expect_untouched(kSimSweep + "--fresh --memory 1KiB", "too small for batch 1");
  expect_untouched(kSimSweep + "--fresh --optimizer adamww", "adamww");
}

TEST_F(ExistingFile, IsMeasuredAnewWhereFreshWasAskedFor) {
  expect_done(run(folder_, kSimSweep + "--batches 2 --fresh"));
  const TemporaryFolder other;
  expect_done(run(other, kSimSweep + "--batches 2"));
  EXPECT_EQ(read_file(folder_ / "rows.csv"), read_file(other / "rows.csv"));
}

TEST(OutputFile, AFolderIsNeitherWrittenToNorRemoved) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "rows.csv");
  expect_refused(run(folder, kSimSweep), "rows.csv is a folder");
  expect_refused(run(folder, kSimSweep + "--fresh"), "rows.csv is a folder");
  EXPECT_EQ(contents(folder).size(), 1U);
}

TEST(OutputFile, BelowAFileCannotBeWritten) {
  const TemporaryFolder folder;
  write_file(folder / "notes", "mine");
  expect_refused(run(folder, kSimSweep + "--csv notes/rows.csv"), "cannot write to notes/rows");
  EXPECT_EQ(read_file(folder / "notes"), "mine");
}

}  // namespace
}  // namespace memsweep
