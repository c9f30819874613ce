// The cuda device as a user meets it: the whole program with the module's own code over the modelled device
// (harness/standin), whose kernels run on the host. Models are tiny: a modelled step takes milliseconds.
#include <cmath>

#include <gtest/gtest.h>

#include "harness/report/results_file.h"
#include "tests/cli/on_cuda.h"

namespace memsweep::testing {
namespace {

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

TEST(Cuda, ServesWhatPytorchsAllocatorWasRecordedToAskFor) {
  const TemporaryFolder folder;
  const std::string traces = std::string(MEMSWEEP_GOLDEN_DEFAULT) + "/allocator/";
  const std::string check = "replay --check --take-from cuda " + traces;
  const Words large = hosted("memory=80GiB,leaks=on");
  for (const char* trace : {"default_tight", "expandable_tight"}) {
    const Finished finished = run(folder, check + trace + ".trace.gz", large);
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_TRUE(has(finished.out, "took and gave back the same memory")) << finished.out;
  }
  const Finished refused = run(folder, check + "default_tight.trace.gz", modelled("off"));
  EXPECT_EQ(refused.status, 1) << refused.err;
  EXPECT_TRUE(has(refused.out, "device call addr")) << refused.out;
  expect_refused(run(folder, "replay --take-from cuda " + traces + "default_tight.trace.gz"), "--check");
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

TEST(Cuda, ATrialThatEndedInAnErrorIsRunAgainByTheSameCommand) {
  const TemporaryFolder folder;
  const std::string command =
      "--scenario batch-size --model mlp:4096-64-4 --memory 180MiB --device cuda --in-process " + kRows;
  const Finished broken = run(folder, command, modelled("off,fail=cudaLaunchKernel:40:cudaErrorUnknown"));
  EXPECT_EQ(broken.status, 0) << broken.err;
  EXPECT_TRUE(has(broken.err, "the boundary is not certain, since 1 of its trials ended in an error"))
      << broken.err;
  const Finished again = run(folder, command, modelled("off"));
  EXPECT_FALSE(has(again.err, "not certain")) << again.err;
  for (const Row& row : read_rows(folder / "rows.csv")) EXPECT_NE(row.result.outcome, Outcome::error);
  const auto boundaries = read_boundaries(folder / "rows.csv");
  ASSERT_EQ(boundaries.size(), 1U);
  EXPECT_EQ(boundaries[0].max_batch, boundaries[0].predicted_batch);
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
