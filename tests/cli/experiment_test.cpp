// Scenarios made of experiments, as a user meets them.
#include <gtest/gtest.h>

#include <string>

#include "tests/cli/program.h"

namespace memsweep {
namespace {

using testing::Finished;
using testing::TemporaryFolder;

TEST(Fragmentation, RefusesOptionsThatItsCasesWouldIgnore) {
  for (const std::string option :
       {"--alloc-conf max_split_size_mb:64", "--model mlp:16-4", "--optimizer adamw", "--batches 4",
        "--snapshot out.pickle", "--steps 4", "--accumulate 2", "--mode leak"}) {
    const TemporaryFolder folder;
    const Finished finished =
        run(folder, "--scenario fragmentation --device sim:t4 --csv rows.csv " + option);
    EXPECT_EQ(finished.status, 2) << option;
    const std::string name = option.substr(0, option.find(' '));
    EXPECT_NE(finished.err.find("fragmentation has no use for " + name), std::string::npos) << finished.err;
  }
}

TEST(Scenarios, RefuseOptionsThatTheySetThemselves) {
  for (const auto& [scenario, option] :
       std::vector<std::pair<std::string, std::string>>{{"optimizer", "--optimizer lion"},
                                                        {"mixed-precision", "--precision bf16"},
                                                        {"accumulation", "--accumulate 2"},
                                                        {"inference", "--clip 1"},
                                                        {"pareto", "--recompute sqrt"},
                                                        {"offload", "--offload"},
                                                        {"graph-leak", "--mode train"}}) {
    const TemporaryFolder folder;
    const Finished finished =
        run(folder, "--scenario " + scenario + " --device sim --csv rows.csv " + option);
    testing::expect_refused(finished, scenario + " has no use for " + option.substr(0, option.find(' ')));
  }
}

TEST(Scenarios, TakeOneRecomputePolicyUnlessTheyCompareThem) {
  const TemporaryFolder folder;
  testing::expect_refused(
      run(folder, "--scenario optimizer --device sim --csv rows.csv --recompute sqrt,every:1"),
      "names several policies");
}

TEST(Fragmentation, SaysNothingOfAModel) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "--scenario fragmentation --device sim:t4 --csv rows.csv");
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out.find("mlp"), std::string::npos) << finished.out.substr(0, 200);
  EXPECT_NE(finished.out.find("P8: the default is refused 300MiB (fragmentation;"), std::string::npos);
}

TEST(Cleanup, FollowsTheModelAndTheSettings) {
  const TemporaryFolder folder;
  const Finished finished = run(folder,
                                "--scenario cleanup --device sim --model mlp:16-64x4-4 --alloc-conf "
                                "expandable_segments:True --csv rows.csv");
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_NE(finished.out.find("mlp:16-64x4-4"), std::string::npos);
  EXPECT_NE(finished.out.find("under expandable_segments:True"), std::string::npos) << finished.out;
}

TEST(Experiments, AreNotRunAgainIntoTheSameFile) {
  const TemporaryFolder folder;
  const std::string command = "--scenario fragmentation --device sim:t4 --csv rows.csv";
  ASSERT_EQ(run(folder, command).status, 0);
  const Finished again = run(folder, command);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.err.find("rows were measured before"), std::string::npos) << again.err;
}

}  // namespace
}  // namespace memsweep
