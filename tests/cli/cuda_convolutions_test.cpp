// Convolutional nets on the cuda device, whose convolutions go through cuDNN where it is there.
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/report/results_file.h"
#include "tests/cli/on_cuda.h"
#include "tests/json.h"

namespace memsweep::testing {
namespace {

const std::string kConvolutional =
    "--scenario checkpointing --recompute none,sqrt --batches 3 --model "
    "conv:channels=1-4-4,classes=3,size=8 " +
    kRows;

/// Ways that convolutions may take. Who refuses them does not hang on the type of their values.
std::vector<Words> ways(const std::string& precision) {
  Words off = modelled("on");
  off.emplace_back("MEMSWEEP_CUDNN=off");
  if (precision != "fp32") return {modelled("on"), off};
  return {modelled("on"), off, modelled("on,fail=cudnnConvolutionForward:every:CUDNN_STATUS_NOT_SUPPORTED")};
}

class ConvolutionsOnCuda : public ::testing::TestWithParam<std::string> {};

TEST_P(ConvolutionsOnCuda, AreTheCpusInTheBytesThatSimCountsAndTheSameAgainWhenRecomputed) {
  const std::string arguments = kConvolutional + "--precision " + GetParam() + " ";
  const auto cpu = rows_of(arguments + "--device cpu --memory 64MiB"), sim = simulated(arguments);
  for (const Words& way : ways(GetParam())) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(way, " ")));
    const auto cuda = rows_of(arguments + "--device cuda --in-process", way);
    ASSERT_EQ(cuda.size(), 2U);
    ASSERT_EQ(cpu.size(), cuda.size());
    ASSERT_EQ(sim.size(), cuda.size());
    for (std::size_t i = 0; i < cuda.size(); ++i) {
      const TrialResult &found = cuda[i].result, &counted = sim[i].result;
      EXPECT_EQ(found.outcome, Outcome::ok) << found.message;
      EXPECT_NEAR(found.loss.value_or(NAN), cpu[i].result.loss.value_or(0), 0.02);
      EXPECT_EQ(found.peak, counted.peak) << cuda[i].variant;
      EXPECT_EQ(found.by_category, counted.by_category);
      EXPECT_EQ(found.result_hash, cuda[0].result.result_hash) << cuda[i].variant;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Precision, ConvolutionsOnCuda, ::testing::Values("fp32", "autocast-bf16"));

TEST(CudnnOnCuda, IsNamedWithItsVersionInWhatARunIsSaidToHaveUsed) {
  const auto libraries = [](const Words& environment) {
    const TemporaryFolder folder;
    const Finished finished = run(folder, kGrid + "--device cuda", environment);
    EXPECT_EQ(finished.status, 0) << finished.err;
    const auto record = testing::read_json(folder / "rows.settings.json");
    return record.at("environment").at("libraries").get<std::string>();
  };
  Words environment = modelled("off");
  EXPECT_EQ(libraries(environment), "cuDNN 9.26.0");
  environment.emplace_back("MEMSWEEP_CUDNN=off");
  EXPECT_EQ(libraries(environment), "no cuDNN");
}

TEST(CudnnOnCuda, ThatIsNamedMustBeThere) {
  const TemporaryFolder folder;
  for (const char* file : {"/nowhere/libcudnn.so.9", "libm.so.6"}) {
    Words environment = modelled("off");
    environment.push_back(fmt::format("MEMSWEEP_CUDNN={}", file));
    const Finished finished = run(folder, kConvolutional + "--device cuda", environment);
    EXPECT_EQ(finished.status, 3);
    EXPECT_TRUE(has(finished.err, "MEMSWEEP_CUDNN is neither off nor a cuDNN 9")) << finished.err;
  }
}

}  // namespace
}  // namespace memsweep::testing
