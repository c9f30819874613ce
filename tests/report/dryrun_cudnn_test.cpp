// What a dry run's report says of workspaces that only cuDNN knows.
#include "harness/report/dryrun_cudnn.h"

#include <gtest/gtest.h>

#include "harness/report/dryrun_honesty.h"

namespace memsweep {
namespace {

Dryrun dryrun_with(const CudnnFindings& cudnn) {
  ProcessFindings process;
  process.standin.emplace().cudnn = cudnn;
  process.pytorch.emplace();
  process.pytorch->firsts[kAssumedPlan] = Place{"main", "train.py", 7};
  process.pytorch->firsts[kComparedPlans] = Place{"main", "train.py", 8};
  Dryrun dryrun;
  dryrun.processes.push_back(process);
  dryrun.parts.emplace_back();
  return dryrun;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(DryrunCudnn, WorkspacesThatItToldAreAsTrueAsItsWord) {
  const std::string text = dryrun_honesty(dryrun_with({.version = "9.19.0", .asked_plans = 3}));
  EXPECT_TRUE(text.starts_with("Exact, if cuDNN plans on a GPU as it did here: ")) << text;
  EXPECT_TRUE(has(text, "The workspaces of 3 plans")) << text;
  EXPECT_TRUE(has(text, "those that cuDNN 9.19.0 chose, asked without a GPU")) << text;
}

TEST(DryrunCudnn, NothingIsExactWhereWorkspacesCountAsNothing) {
  const std::string text = dryrun_honesty(dryrun_with({.assumed_plans = 2}));
  EXPECT_FALSE(has(text, "xact")) << text;
  EXPECT_TRUE(has(text,
                  "2 plans for convolutions or attention are counted as nothing (the first at "
                  "train.py:7 (main))"))
      << text;
  EXPECT_TRUE(has(text, "as --cudnn says")) << text;
}

TEST(DryrunCudnn, SaysWhyNoneCouldBeAsked) {
  const auto refused =
      dryrun_with({.refusal = "9.5.1 is installed, and 9.8 is the first", .assumed_plans = 1});
  EXPECT_TRUE(has(cudnn_doubts(refused), "1 plan for")) << cudnn_doubts(refused);
  EXPECT_TRUE(has(cudnn_doubts(refused), "of cuDNN, 9.5.1 is installed")) << cudnn_doubts(refused);
  const auto failed = dryrun_with({.version = "9.19.0", .asked_plans = 5, .assumed_plans = 1});
  EXPECT_TRUE(has(cudnn_doubts(failed), "cuDNN 9.19.0 could not plan these without a GPU"));
}

TEST(DryrunCudnn, PlansThatAreComparedMakeLaterStepsUncertain) {
  const std::string text = cudnn_doubts(dryrun_with({.version = "9.19.0", .asked_plans = 30, .compared = 1}));
  EXPECT_TRUE(has(text, "tried for 1 operation (the first at train.py:8 (main))")) << text;
  EXPECT_TRUE(has(text, "their workspaces count in the step that tries them")) << text;
}

}  // namespace
}  // namespace memsweep
