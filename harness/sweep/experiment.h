// What is tried besides training steps at growing batches: a subject under a variant, in stages.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/device/device.h"
#include "harness/memory/levels.h"
#include "harness/sweep/diagnose.h"
#include "harness/sweep/timing.h"
#include "harness/sweep/trial.h"

namespace memsweep {

/// What stood when a stage was over. Bytes.
struct Stage {
  std::string name;  // "del", "empty_cache"; "all" where there is but one
  Outcome outcome = Outcome::ok;
  Levels now;
  Levels peak;                     // since the stage began
  std::int64_t alloc_retries = 0;  // in the stage
  Verdict verdict = Verdict::fits;
  /// Fragmentation by the three definitions in use: 1 - active/reserved at the peak of reserved bytes; 1 -
  /// largest free block / all free bytes at the request that was refused; peak of reserved - peak of
  /// allocated, bytes.
  double unused_at_peak = 0;
  std::optional<double> scattered;
  std::size_t reserved_beyond_live = 0;
  std::size_t refused_bytes = 0;           // the request that was refused, as it was made
  std::optional<std::int64_t> refused_at;  // its number among the requests of the subject, from 1
  std::optional<std::size_t> largest_fit;  // the largest request that would have been served in its place
  Spread seconds;                          // on the device's clock; no samples: it counts nothing of this
  std::string message;                     // of the allocator when it refused
};

/// A simulated clock counts ops alone: a stage without any has no time there, and gets no samples.
[[nodiscard]] Spread stage_seconds(const Device& device, std::vector<double> samples);

struct Experiment {
  std::string subject;  // "P2", "mlp:128-128x32-10 at batch 3413"
  std::string variant;  // "max_split_size_mb:128", "del, empty_cache"
  /// In a fresh allocator that is gone when it returns. Throws Interrupted.
  std::function<std::vector<Stage>(Device&, const TrialOptions&)> run;
};

struct ExperimentResult {
  std::string subject;
  std::string variant;
  std::vector<Stage> stages;
};

}  // namespace memsweep
