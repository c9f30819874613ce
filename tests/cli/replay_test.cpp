// memsweep replay and --snapshot, as a user meets them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/cli/program.h"
#include "tests/golden.h"
#include "tests/trace/short_log.h"

namespace memsweep {
namespace {

using testing::Finished;
using testing::TemporaryFolder;

constexpr const char* kOneTrial =
    "--scenario checkpointing --device sim:t4 --model mlp:16-64x4-4 --recompute none --batches 64 --csv "
    "rows.csv ";

/// Writes out.pickle of a batch that runs out of memory.
void run_out_of_memory(const TemporaryFolder& folder) {
  const Finished finished = run(folder,
                                "--scenario checkpointing --device sim --recompute none --batches 3414 --csv "
                                "rows.csv --snapshot out.pickle");
  ASSERT_EQ(finished.status, 0) << finished.err;
}

TEST(Snapshot, OfATrialReplaysWithoutADifference) {
  for (const char* settings :
       {"", " --alloc-conf expandable_segments:True", " --alloc-conf max_split_size_mb:64"}) {
    for (const std::string name : {"out.pickle", "out.json"}) {
      const TemporaryFolder folder;
      ASSERT_EQ(run(folder, kOneTrial + ("--snapshot " + name) + settings).status, 0);
      const Finished check = run(folder, "replay --check " + name);
      EXPECT_EQ(check.status, 0) << check.out << check.err;
      EXPECT_NE(check.out.find("events agree, and the final layout"), std::string::npos) << check.out;
    }
  }
}

TEST(Snapshot, OfAShortageNamesWhoAskedAndWhatPinsTheRest) {
  const TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(run_out_of_memory(folder));
  const Finished replay = run(folder, "replay out.pickle --largest");
  EXPECT_EQ(replay.status, 0) << replay.err;
  EXPECT_NE(replay.out.find("were asked for by forward"), std::string::npos) << replay.out;
  EXPECT_NE(replay.out.find("is the largest request that would have been served"), std::string::npos);
}

TEST(Snapshot, OfSeveralTrialsHasAFileEach) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(folder,
                "--scenario checkpointing --device sim:t4 --model mlp:16-64x4-4 --recompute none,every:2 "
                "--batches 8,16 --csv rows.csv --snapshot out.pickle")
                .status,
            0);
  for (const char* name : {"out-none-8", "out-none-16", "out-every-2-8", "out-every-2-16"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / (std::string(name) + ".pickle"))) << name;
  }
}

TEST(Replay, SearchRecommendsASettingWithItsReason) {
  const TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(run_out_of_memory(folder));
  const Finished search = run(folder, "replay out.pickle --search");
  EXPECT_EQ(search.status, 0) << search.err;
  EXPECT_NE(search.out.find("\nTake "), std::string::npos) << search.out;
  EXPECT_NE(search.out.find("out of memory at event"), std::string::npos) << search.out;
}

TEST(Replay, RefusesWhatItCannotReadWithOneSentence) {
  const TemporaryFolder folder;
  std::ofstream(folder / "hostile.pickle") << "\x80\x02"
                                           << "cos\nsystem\n";
  std::ofstream(folder / "notes.txt") << "hello\n";
  for (const char* arguments : {"replay", "replay absent.pickle", "replay hostile.pickle", "replay notes.txt",
                                "replay --check hostile.pickle", "replay notes.txt --format xml",
                                "replay notes.txt --capacity much", "replay notes.txt --gpu t5"}) {
    const Finished finished = run(folder, arguments);
    EXPECT_EQ(finished.status, 2) << arguments;
    EXPECT_EQ(testing::lines(finished.err).size(), 1u) << arguments << "\n" << finished.err;
  }
}

constexpr const char* kRmmHeader = "Thread,Time,Action,Pointer,Size,Stream\n";

struct BadFile {
  std::string name;
  std::string content;
  std::string sentence;  // part of it
};

void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }

class ReplayRefuses : public ::testing::TestWithParam<BadFile> {};

TEST_P(ReplayRefuses, InOneSentenceThatSaysWhere) {
  const TemporaryFolder folder;
  std::ofstream(folder / GetParam().name) << GetParam().content;
  for (const char* options : {" --check", "", " --search --largest"}) {
    testing::expect_refused(run(folder, "replay " + GetParam().name + options), GetParam().sentence);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, ReplayRefuses,
    ::testing::Values(
        BadFile{"segment.json",
                R"({"segments": [{"address": 512, "total_size": 1024, "blocks": [)"
                R"({"size": 512, "state": "inactive"}]}]})",
                "byte 98: segment 0 has blocks for 512 of its 1024 bytes only"},
        BadFile{
            "double_free.json",
            R"({"segments": [{"address": 512, "total_size": 2097152, "segment_type": "small", "blocks": [)"
            R"({"size": 2097152, "state": "inactive"}]}], "device_traces": [[)"
            R"({"action": "free_requested", "addr": 512, "size": 8},)"
            R"({"action": "free_completed", "addr": 512, "size": 8},)"
            R"({"action": "free_requested", "addr": 512, "size": 8},)"
            R"({"action": "free_completed", "addr": 512, "size": 8}]]})",
            "event 1 (free_completed 0x200) ends a block that is there afterwards"},
        BadFile{"settings.json",
                R"({"segments": [], "allocator_settings": {"PYTORCH_CUDA_ALLOC_CONF": "colour:red"}})",
                "settings.json was recorded under settings that PyTorch 2.11 refuses: allocator setting "
                "'colour' is not known"},
        BadFile{"unknown.csv", std::string(kRmmHeader) + "1,0:0:0,free,0x100,512,0x0\n",
                "line 2: frees 0x100, which is not allocated"},
        BadFile{"double_free.log",
                testing::log_of("a 1 512 0 1 200000000000 512 2097152 2097152\n"
                                "f 1 0 0 1 200000000000 0 2097152 2097152\n"
                                "f 1 0 0 1 200000000000 0 2097152 2097152\n"),
                "line 11: block 1 was freed before"}),
    [](const auto& instance) { return testing::test_name(instance.param.name); });

TEST(Replay, RefusesToCheckALogWithoutALayout) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.csv") << kRmmHeader << "1,0:0:0,allocate,0x100,512,0x0\n";
  testing::expect_refused(run(folder, "replay log.csv --check"), "no layout to be checked against");
}

TEST(Replay, OfAFileWithoutRequestsIsRefusedButItsLayoutAgrees) {
  const TemporaryFolder folder;
  std::ofstream(folder / "empty.json") << R"({"segments": [], "device_traces": [[]]})";
  testing::expect_refused(run(folder, "replay empty.json"),
                          "empty.json holds no request for memory: there is nothing to replay");
  EXPECT_EQ(run(folder, "replay empty.json --check").status, 0);
}

TEST(Replay, AFailureInALogWithoutALayoutTellsNoCapacity) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.csv") << kRmmHeader << "1,0:0:0,allocate failure,(nil),4096,0x0\n";
  const Finished finished = run(folder, "replay log.csv");
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_TRUE(testing::has(finished.out, "unlimited memory")) << finished.out;
}

TEST(Replay, ARequestForNothingThatIsSharedIsHarmless) {
  const TemporaryFolder folder;
  std::ofstream(folder / "nothing.log")
      << testing::log_of("a 1 0 0 1 0 0 0 0\nr 1 0 1 1 0 0 0 0\nf 1 0 0 1 0 0 0 0\n");
  const Finished finished = run(folder, "replay nothing.log --search");
  EXPECT_EQ(finished.status, 0) << finished.err;
}

TEST(Replay, ExplainsSettingsAndSaysWhetherPyTorchTakesThem) {
  const TemporaryFolder folder;
  const Finished good = run(folder, "replay --explain-conf max_split_size_mb:128");
  EXPECT_EQ(good.status, 0);
  EXPECT_NE(good.out.find("128MiB"), std::string::npos) << good.out;
  const Finished wrong = run(folder, "replay --explain-conf max_split_size:128");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_NE(wrong.out.find("refused: "), std::string::npos) << wrong.out;
  EXPECT_EQ(run(folder, "replay --explain-conf").status, 2);
}

}  // namespace
}  // namespace memsweep
