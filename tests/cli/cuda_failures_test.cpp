// Every call that trials on the cuda device make of CUDA's libraries, failed once. The module's own code runs
// in this process over the modelled device, which counts the calls: no list of them has to be kept.
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/cli/workplace.h"
#include "harness/memory/settings.h"
#include "harness/standin/control.h"
#include "harness/sweep/trial.h"
#include "scenarios/training_step.h"

namespace memsweep::testing {
namespace {

constexpr const char* kDevice = "memory=256MiB,context=100MiB,multiprocessors=4,compute=on";
// Calls of a function: the first, the last and, but for cuDNN's, whose steps take longest, some between.
constexpr std::uint64_t kMostTried = 4, kMostOfCudnn = 2;
constexpr int kTrials = 2;

/// Trainings which together call all that trials call.
struct Kind {
  std::string settings;  // of the allocator
  bool offload = false;
  std::string model = "mlp:4-4x2-2";
};
const std::vector<Kind> kKinds{{""},
                               {"expandable_segments:True"},
                               {"backend:cudaMallocAsync"},
                               {"", true},
                               {"", false, "conv:channels=1-2-2,classes=2,size=4"}};

Schedule training(const Kind& kind) {
  TrainingOptions options;
  options.model.spec = kind.model;
  options.loop.offload = kind.offload;
  return Schedule(parse_training_step(options)(2));
}

/// `first` is called where the trial runs.
TrialResult trial(
    const Workplace& place, const Kind& kind, const std::function<void()>& first = [] {}) {
  const Schedule schedule = training(kind);
  TrialOptions options;
  options.least_steps = options.most_steps = 2;
  options.settings = parse_settings(kind.settings, options.release);
  const auto rows = place.rows_of<Row>(
      [&](Device& device) {
        first();
        Row row;
        row.result = run_trial(device, device.memory(), schedule, options);
        return std::vector{row};
      },
      [](const std::string& reason) {
        Row row;
        row.result.outcome = Outcome::error;
        row.result.message = reason;
        return row;
      });
  return rows.at(0).result;
}

using Counts = std::map<std::string, std::uint64_t>;

/// A device that is opened, used for two trials, and closed.
struct Life {
  std::string refusal;  // why it was not opened; empty: it was
  std::vector<TrialResult> results;
  Counts opening, working, all;  // calls until it was open, until the trials were over, and altogether
  std::map<std::string, std::size_t> left;
};

Life live(const Kind& kind, const std::string& fault = "") {
  standin::reset(kDevice);
  if (!fault.empty()) standin::set_faults({fault});
  Life life;
  try {
    const Workplace place({.spec = "cuda"}, {.in_process = true, .limit_seconds = {}}, {});
    life.opening = standin::calls();
    for (int i = 0; i < kTrials; ++i) life.results.push_back(trial(place, kind));
    life.working = standin::calls();
  } catch (const DeviceError& error) {
    life.refusal = error.what();
  }
  life.all = standin::calls();
  life.left = standin::live();
  return life;
}

/// Some of the calls of a function, from 1 to `count`.
std::vector<std::uint64_t> chosen(const std::string& function, std::uint64_t count) {
  std::vector<std::uint64_t> calls;
  const std::uint64_t tried = std::min(count, function.starts_with("cudnn") ? kMostOfCudnn : kMostTried);
  for (std::uint64_t i = 0; i < tried; ++i)
    calls.push_back(tried == 1 ? 1 : 1 + i * (count - 1) / (tried - 1));
  return calls;
}

/// Errors of the function's library: out of memory, another that passes, and one that breaks the context.
std::vector<std::string> errors_of(const std::string& function) {
  if (function.starts_with("cublas")) return {"CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_INTERNAL_ERROR"};
  if (function.starts_with("cudnn"))
    return {"CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", "CUDNN_STATUS_EXECUTION_FAILED"};
  if (function.starts_with("nvml")) return {"NVML_ERROR_UNKNOWN"};
  if (function.starts_with("cuda"))
    return {"cudaErrorMemoryAllocation", "cudaErrorUnknown", "cudaErrorLaunchFailure"};
  return {"CUDA_ERROR_OUT_OF_MEMORY", "CUDA_ERROR_UNKNOWN", "CUDA_ERROR_LAUNCH_FAILED"};
}

bool is_out_of_memory(const std::string& error) {
  return error.find("MEMORY") != error.npos || error.find("Memory") != error.npos ||
         error.find("ALLOC") != error.npos;
}
bool is_lasting(const std::string& error) {
  return error.find("LaunchF") != error.npos || error.find("LAUNCH_F") != error.npos;
}

/// What an allocator asks for memory: a refusal is its own affair.
bool is_allocators(const std::string& function) {
  return function == "cudaMalloc" || function == "cuMemCreate" || function == "cudaMallocAsync";
}

bool says(const std::string& message, const std::string& part) { return message.find(part) != message.npos; }

void expect_named(const std::string& message, const std::string& function, const std::string& error) {
  EXPECT_TRUE(says(message, function + " failed: " + error + " (")) << message;
  EXPECT_FALSE(message.starts_with(function)) << message << ": what was it doing?";
  EXPECT_EQ(is_out_of_memory(error) && function != "cudaHostAlloc", says(message, "had no memory for itself"))
      << message;
}

void expect_same(const TrialResult& found, const TrialResult& usual) {
  EXPECT_EQ(found.outcome, Outcome::ok) << found.message;
  EXPECT_EQ(found.loss, usual.loss);
  EXPECT_EQ(found.result_hash, usual.result_hash);
  EXPECT_EQ(found.peak, usual.peak);
}

class CudaFailures : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("MEMSWEEP_CUDA_MODULE", MEMSWEEP_CUDA_HOSTED, 1);
    unsetenv("PYTORCH_CUDA_ALLOC_CONF");
    // Loaded already where the module looks for them: under AddressSanitizer a loader would not find them.
    for (const char* name : {"libnvidia-ml.so.1", "libcudnn.so.9"}) {
      const auto library = std::filesystem::path(MEMSWEEP_CUDA_HOSTED).parent_path() / name;
      ASSERT_NE(dlopen(library.c_str(), RTLD_NOW), nullptr) << library;
    }
  }
};

/// A call that is failed, and whether it is made while the device is opened or closed.
struct Failed {
  std::string function, error;
  bool opening, closing;
};

void expect_what_is_due(const Failed& failed, const Life& life, const Life& usual) {
  const auto& [function, error, opening, closing] = failed;
  const bool allocators = is_allocators(function) && is_out_of_memory(error);
  if (function.starts_with("nvml") || closing || (opening && allocators)) {
    ASSERT_EQ(life.refusal, "");
    for (int i = 0; i < kTrials; ++i) expect_same(life.results[i], usual.results[i]);
    return;
  }
  if (opening) {
    ASSERT_NE(life.refusal, "");
    return expect_named(life.refusal, function, error);
  }
  ASSERT_EQ(life.refusal, "");
  bool met = false;
  for (int i = 0; i < kTrials; ++i) {
    const TrialResult& result = life.results[i];
    if (result.outcome == Outcome::error) {
      if (!met) expect_named(result.message, function, error);
      EXPECT_TRUE(!met || is_lasting(error)) << "it failed once: " << result.message;
      EXPECT_EQ(is_lasting(error), says(result.message, "the device is lost to this process"))
          << result.message;
      met = true;
    } else if (allocators) {
      met = true;  // it asks once more, or is out of memory
    } else {
      EXPECT_FALSE(met && is_lasting(error)) << "on a broken context";
      expect_same(result, usual.results[i]);
    }
  }
  EXPECT_TRUE(met) << "nobody noticed";
}

std::uint64_t count_of(const Counts& counts, const std::string& function) {
  const auto found = counts.find(function);
  return found == counts.end() ? 0 : found->second;
}

void fail_calls_of(const std::string& function, const Kind& kind, const Life& usual) {
  for (const std::uint64_t call : chosen(function, usual.all.at(function))) {
    for (const std::string& error : errors_of(function)) {
      const std::string fault = fmt::format("{}:{}:{}", function, call, error);
      SCOPED_TRACE(fault);
      const Life life = live(kind, fault);
      expect_what_is_due({function, error, call <= count_of(usual.opening, function),
                          call > count_of(usual.working, function)},
                         life, usual);
      if (is_lasting(error)) continue;
      for (const auto& [maker, objects] : life.left)
        ADD_FAILURE() << objects << " of " << maker << " are left";
    }
  }
}

TEST_F(CudaFailures, EveryCallThatFailsIsNamedAndLeavesNothingAndTheNextTrialIsAsUsual) {
  // The first is called to forget what it returns, the other by the runtime itself.
  std::set<std::string> tried{"cudaGetLastError", "cuGetProcAddress"};
  for (const Kind& kind : kKinds) {
    const Life usual = live(kind);
    ASSERT_EQ(usual.refusal, "");
    for (const TrialResult& result : usual.results) ASSERT_EQ(result.outcome, Outcome::ok) << result.message;
    ASSERT_TRUE(usual.left.empty());
    for (const auto& [function, calls] : usual.all) {
      if (tried.insert(function).second) fail_calls_of(function, kind, usual);
    }
  }
  for (const char* function :
       {"cudaMalloc", "cudaLaunchKernel", "cublasLtMatmul", "cuMemMap", "cudaMallocAsync", "cudaHostAlloc",
        "cudaEventRecord", "nvmlInit_v2", "cudnnConvolutionForward", "cudnnConvolutionBackwardData",
        "cudnnConvolutionBackwardFilter"})
    EXPECT_TRUE(tried.contains(function)) << function;
}

/// Where each trial has a process of its own.
TEST_F(CudaFailures, ABrokenContextCostsOneTrial) {
  standin::reset(kDevice);
  const Workplace place({.spec = "cuda"}, {}, {});
  for (const std::string error : {"cudaErrorLaunchFailure", "cudaErrorIllegalAddress"}) {
    const TrialResult lost =
        trial(place, kKinds[0], [&] { standin::set_faults({"cudaLaunchKernel:9:" + error}); });
    EXPECT_EQ(lost.outcome, Outcome::error);
    EXPECT_TRUE(says(lost.message, "cudaLaunchKernel failed: " + error)) << lost.message;
    for (int i = 0; i < kTrials; ++i) {
      const TrialResult next = trial(place, kKinds[0]);
      EXPECT_EQ(next.outcome, Outcome::ok) << next.message;
    }
  }
}

}  // namespace
}  // namespace memsweep::testing
