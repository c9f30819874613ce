// What the processes of a dry run wrote into the folder of its report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/trace/recorded_usage.h"
#include "harness/trace/recording.h"

namespace memsweep {

/// device-PID.json, which the stand-in libraries write: what they know of one device.
struct StandinDevice {
  std::size_t capacity = 0;  // bytes, as all that follow
  std::size_t context = 0;
  std::size_t used = 0;  // at the end
  std::size_t peak = 0;  // the context included
  std::uint64_t refusals = 0;
};

/// Sizes that a function of a library handed out, and that only the true library knows.
struct AssumedSizes {
  std::string function;
  std::uint64_t count = 0;
  std::size_t most_bytes = 0;  // of one of them
};

/// What convolutions and attention by cuDNN's plans hang on.
struct CudnnFindings {
  std::string version{};            // of the one that was asked for workspaces: "9.19.0"; empty: none was
  std::string refusal{};            // why none could be, a clause; empty: it could, or was not to be
  std::uint64_t asked_plans = 0;    // whose workspaces it told
  std::uint64_t assumed_plans = 0;  // whose workspaces are counted as 0
  std::uint64_t compared = 0;       // operations of which several plans were tried for the fastest
};

struct StandinFindings {
  std::vector<StandinDevice> devices;
  std::vector<std::pair<std::string, std::uint64_t>>
      unsupported;                    // functions that were called, and how often
  std::vector<AssumedSizes> assumed;  // by function
  CudnnFindings cudnn;
  std::uint64_t blind_reads = 0;          // copies to the host of what no kernel computed
  std::string first_blind_read;           // the kernel before it; empty: not known
  std::uint64_t shadow_reads = 0;         // such copies of what the host itself had put there
  std::uint64_t truths_by_rule = 0;       // answers to all() and any()
  std::uint64_t counts_by_rule = 0;       // answers to how many elements of a mask hold
  double density = 1;                     // that share of them
  std::vector<std::string> own_runtimes;  // files with kernels that have a CUDA runtime of their own
};

/// What PytorchFindings::firsts calls the reads and plans that StandinFindings counts.
inline constexpr const char* kBlindRead = "blind read";
inline constexpr const char* kShadowRead = "shadow read";
inline constexpr const char* kTruthByRule = "truth by rule";
inline constexpr const char* kCountByRule = "count by rule";
inline constexpr const char* kAssumedPlan = "assumed plan";
inline constexpr const char* kComparedPlans = "compared plans";

/// pytorch-PID.json, which the hook in Python writes.
struct PytorchDevice {
  std::size_t index = 0;
  Usage peak;            // as torch.cuda.max_memory_… would say
  Usage now;             // at the end
  std::size_t used = 0;  // of the device at the end, bytes
  std::int64_t retries = 0;
  std::size_t calls = 0;  // blocks handed out and taken back
};

/// From `calls` on; by device.
struct PhaseStart {
  std::vector<std::size_t> calls;
  std::string phase;
  std::int64_t step = 0;  // from 1
};

struct OwnedRange {
  Address address = 0;
  std::size_t bytes = 0;
};

/// Whose memory was whose after `calls`, by device.
struct OwnerSample {
  std::vector<std::size_t> calls;
  std::map<std::string, std::vector<OwnedRange>> ranges;  // by category
};

struct PytorchShortage {
  std::size_t device = 0;
  std::size_t requested = 0;  // bytes
  std::string phase;
  std::int64_t step = 0;
  std::optional<Place> place;
};

struct PytorchError {
  std::string type;
  bool out_of_memory = false;
  std::string message;
  std::optional<Place> place;
};

struct PytorchFindings {
  std::string version;
  std::string ended;  // exit, steps or terminated
  bool used_cuda = false;
  std::int64_t steps = 0;  // of optimizers
  std::optional<PytorchError> error;
  std::vector<PytorchDevice> devices;
  std::vector<PhaseStart> marks;
  std::vector<OwnerSample> samples;
  std::vector<PytorchShortage> shortages;
  std::map<std::string, std::optional<Place>> firsts;  // of each kind of read, and of each function not
                                                       // modelled or whose sizes are assumed
  std::filesystem::path snapshot;
};

struct ProcessFindings {
  std::int64_t pid = 0;
  std::optional<StandinFindings> standin;
  std::optional<PytorchFindings> pytorch;
};

/// "train.py:12 (main)"; the file from the current folder on where it lies in that.
[[nodiscard]] std::string describe(const Place& place);

/// By process id. Throws UsageError naming the file that cannot be read.
[[nodiscard]] std::vector<ProcessFindings> read_findings(const std::filesystem::path& folder);

}  // namespace memsweep
