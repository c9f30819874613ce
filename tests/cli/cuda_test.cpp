// The cuda device as a user meets it: the whole program with the module's own code over the modelled device
// (harness/standin), whose kernels run on the host. Models are tiny: a modelled step takes milliseconds.
#include <cmath>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "harness/report/results_file.h"
#include "tests/cli/program.h"

namespace memsweep::testing {
namespace {

const std::string kRows = "--time-limit 0.001 --csv rows.csv ";
const std::string kModel = "--model mlp:8-8x2-4 --optimizer adamw " + kRows;
const std::string kGrid = "--scenario checkpointing --recompute none --batches 4 " + kModel;
const std::string kModule = std::string("MEMSWEEP_CUDA_MODULE=") + MEMSWEEP_CUDA_HOSTED;

Words modelled(const std::string& settings) {
  return {kModule, "MEMSWEEP_STANDIN=memory=256MiB,context=100MiB,compute=" + settings};
}

std::vector<Row> rows_of(const std::string& arguments, const Words& environment = {}) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, arguments, environment);
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.status == 0 ? read_rows(folder / "rows.csv") : std::vector<Row>{};
}

/// A profile like the modelled device's own numbers.
std::string profile_of_the_device() {
  return R"({"name": "modelled", "source": "the stand-in", "compute_capability": 90, "multiprocessors": 132,
    "threads_per_multiprocessor": 2048, "memory_bytes": 268435456, "context_bytes": 104857600, "bandwidth": 1e12,
    "f32_rate": 1e13, "tf32_rate": 1e13, "f16_rate": 1e13, "bf16_rate": 1e13, "bandwidth_share": 1,
    "product_share": 1, "link_bandwidth": 1e10, "launch_seconds": 5e-6})";
}

std::vector<Row> simulated(const std::string& arguments) {
  const TemporaryFolder folder;
  std::ofstream(folder / "modelled.json") << profile_of_the_device();
  const Finished finished = run(folder, arguments + "--device sim --profile modelled.json");
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.status == 0 ? read_rows(folder / "rows.csv") : std::vector<Row>{};
}

class OnCuda : public ::testing::TestWithParam<std::string> {};

TEST_P(OnCuda, StepsComputeWhatTheCpuComputesInTheBytesThatSimCounts) {
  const std::string arguments = kGrid + GetParam() + " ";
  const auto cuda = rows_of(arguments + "--device cuda", modelled("on"));
  const auto cpu = rows_of(arguments + "--device cpu --memory 64MiB");
  const auto sim = simulated(arguments);
  ASSERT_EQ(cuda.size(), 1U);
  ASSERT_EQ(cpu.size(), 1U);
  ASSERT_EQ(sim.size(), 1U);
  const TrialResult &found = cuda[0].result, &counted = sim[0].result;
  EXPECT_EQ(found.outcome, Outcome::ok) << found.message;
  EXPECT_NEAR(found.loss.value_or(NAN), cpu[0].result.loss.value_or(0), 0.02);
  EXPECT_EQ(found.peak, counted.peak);
  EXPECT_EQ(found.by_category, counted.by_category);
  EXPECT_EQ(found.overhead_bytes, counted.overhead_bytes);
  EXPECT_EQ(found.overhead_bytes, 100U << 20);
  EXPECT_EQ(cuda[0].device, "cuda:modelled-device");
}
INSTANTIATE_TEST_SUITE_P(Options, OnCuda,
                         ::testing::Values("", "--precision autocast-bf16", "--precision bf16", "--offload",
                                           "--fuse", "--fuse --activation gelu_tanh",
                                           "--alloc-conf expandable_segments:True", "--in-process",
                                           "--recompute sqrt", "--pytorch 2.11"));

/// The fourth problem: the device tries a product of each type when it is opened.
TEST(Cuda, ComputesAFusedLayerInTwoKernelsWhereCublasltRefusesToDoItInOne) {
  for (const std::string activation : {"relu", "gelu_tanh"}) {
    const std::string arguments = kGrid + "--fuse --activation " + activation + " ";
    const auto refused =
        rows_of(arguments + "--device cuda",
                modelled("on,fail=cublasLtMatmulAlgoGetHeuristic:4:CUBLAS_STATUS_NOT_SUPPORTED"));
    const auto cpu = rows_of(arguments + "--device cpu --memory 64MiB");
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0].result.outcome, Outcome::ok) << refused[0].result.message;
    EXPECT_NEAR(refused[0].result.loss.value_or(NAN), cpu.at(0).result.loss.value_or(0), 1e-4);
  }
}

TEST(Cuda, FindsTheBoundaryWhereItWasPredicted) {
  const TemporaryFolder folder;
  const Finished finished =
      run(folder, "--scenario batch-size --model mlp:4096-64-4 --memory 180MiB --device cuda " + kRows,
          modelled("off"));
  ASSERT_EQ(finished.status, 0) << finished.err;
  const auto boundaries = read_boundaries(folder / "rows.csv");
  ASSERT_EQ(boundaries.size(), 1U);
  EXPECT_GT(boundaries[0].max_batch, 0);
  EXPECT_EQ(boundaries[0].max_batch, boundaries[0].predicted_batch);
  EXPECT_EQ(boundaries[0].first_oom_batch, boundaries[0].max_batch + 1);
}

TEST(Cuda, ServesFromTheDriversOwnPool) {
  const auto rows = rows_of(kGrid + "--device cuda --alloc-conf backend:cudaMallocAsync", modelled("on"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].result.outcome, Outcome::ok) << rows[0].result.message;
  EXPECT_GE(rows[0].result.peak.reserved, rows[0].result.peak.allocated);
}

TEST(Cuda, HasThreeAbsencesWithASentenceEach) {
  const TemporaryFolder folder;
  const std::string command = kGrid + "--device cuda";
  expect_refused(run(folder, command, {"MEMSWEEP_CUDA_MODULE=/nowhere.so"}), "which is not there", 3);
  expect_refused(
      run(folder, command, {std::string("MEMSWEEP_CUDA_MODULE=") + MEMSWEEP_MODULE_WITHOUT_LIBRARY}),
      "needs libmemsweep_missing.so", 3);
  expect_refused(
      run(folder, command, modelled("on,fail=cudaGetDeviceCount:every:cudaErrorInsufficientDriver")),
      "no GPU can be used: cudaGetDeviceCount failed: cudaErrorInsufficientDriver", 3);
  expect_refused(run(folder, command + ":3", modelled("on")), "there is no cuda:3", 3);
}

TEST(Cuda, GivesWayToTheCpuAndSaysWhy) {
  const TemporaryFolder folder;
  const Finished finished =
      run(folder, kGrid + "--device auto", modelled("on,fail=cudaGetDeviceCount:every:cudaErrorNoDevice"));
  EXPECT_EQ(finished.status, 0);
  EXPECT_TRUE(has(finished.err, "cudaErrorNoDevice")) << finished.err;
  EXPECT_TRUE(has(finished.err, "running on cpu")) << finished.err;
  EXPECT_EQ(read_rows(folder / "rows.csv").at(0).device, "cpu");
}

TEST(Cuda, RefusesACapThatTheGpuHasNoRoomFor) {
  const TemporaryFolder folder;
  expect_refused(run(folder, kGrid + "--device cuda --memory 1GiB", modelled("on")), "--memory 1GiB");
  expect_refused(run(folder, kGrid + "--device cuda --memory 50MiB", modelled("on")), "--memory 50MiB");
}

/// Calls of a short trial, with errors that do not spoil the process.
const std::map<std::string, std::string> kFailures{{"cudaMalloc", "cudaErrorUnknown"},
                                                   {"cudaFree", "cudaErrorUnknown"},
                                                   {"cudaLaunchKernel", "cudaErrorUnknown"},
                                                   {"cudaMemcpy", "cudaErrorUnknown"},
                                                   {"cudaStreamSynchronize", "cudaErrorUnknown"},
                                                   {"cudaEventRecord", "cudaErrorUnknown"},
                                                   {"cudaEventSynchronize", "cudaErrorUnknown"},
                                                   {"cudaEventElapsedTime", "cudaErrorUnknown"},
                                                   {"cudaMemGetInfo", "cudaErrorUnknown"},
                                                   {"cublasLtMatmul", "CUBLAS_STATUS_ALLOC_FAILED"}};

class FailingCall : public ::testing::TestWithParam<std::pair<const std::string, std::string>> {};

/// Until the call does not come any more, or enough of them were tried.
TEST_P(FailingCall, CostsARowThatNamesItAndLeavesNothing) {
  const auto& [call, error] = GetParam();
  constexpr int kMost = 6;
  int rows_lost = 0;
  for (int number = 1; number <= kMost; ++number) {
    const TemporaryFolder folder;
    const Finished finished =
        run(folder,
            "--scenario checkpointing --recompute none --batches 4,5 --in-process --device cuda " + kModel,
            modelled("on,leaks=on,fail=" + call + ":" + std::to_string(number) + ":" + error));
    if (finished.status == 3) {  // while the device was opened
      EXPECT_TRUE(has(finished.err, call + " failed: " + error)) << finished.err;
      EXPECT_EQ(lines(finished.err).size(), 1U) << finished.err;
      continue;
    }
    ASSERT_EQ(finished.status, 0) << call << " " << number << ": " << finished.err;
    const auto rows = read_rows(folder / "rows.csv");
    ASSERT_EQ(rows.size(), 2U);
    if (rows[0].result.outcome == Outcome::ok) break;
    ++rows_lost;
    EXPECT_EQ(rows[0].result.outcome, Outcome::error);
    EXPECT_TRUE(has(rows[0].result.message, call + " failed: " + error)) << rows[0].result.message;
    EXPECT_EQ(rows[1].result.outcome, Outcome::ok) << call << " " << number << ": " << rows[1].result.message;
  }
  EXPECT_GT(rows_lost, 0);
}
INSTANTIATE_TEST_SUITE_P(Calls, FailingCall, ::testing::ValuesIn(kFailures),
                         [](const auto& each) { return each.param.first; });

TEST(Cuda, TellsALibrarysOwnShortageFromAnAllocators) {
  const auto rows =
      rows_of(kGrid + "--device cuda", modelled("on,fail=cublasLtMatmul:9:CUBLAS_STATUS_ALLOC_FAILED"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].result.outcome, Outcome::error);
  EXPECT_TRUE(has(rows[0].result.message, "had no memory for itself")) << rows[0].result.message;
  const auto refused =
      rows_of(kGrid + "--device cuda", modelled("on,fail=cudaMalloc:2+:cudaErrorMemoryAllocation"));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].result.outcome, Outcome::oom);
}

TEST(Cuda, ATrialThatTakesTooLongIsOneRow) {
  const auto rows = rows_of(kGrid + "--device cpu --memory 64MiB --trial-limit 0.000001");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].result.outcome, Outcome::error);
  EXPECT_TRUE(has(rows[0].result.message, "the limit of a trial")) << rows[0].result.message;
}

TEST(Cuda, CalibratesAProfileThatSimReads) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, "calibrate --device cpu --memory 64MiB --out mine.json");
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_TRUE(has(finished.out, "copy")) << finished.out;
  expect_done(run(folder, kGrid + "--device sim --profile mine.json"));
  EXPECT_EQ(read_rows(folder / "rows.csv").at(0).device, "sim:cpu-measured");
  expect_refused(run(folder, "calibrate --device sim:t4"), "there is nothing to measure");
}

}  // namespace
}  // namespace memsweep::testing
