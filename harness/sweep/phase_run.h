// A few steps of one program, and what each phase of them took: what torch.cuda.memory_stats() would say to
// somebody who reads it, and resets its peaks, at the end of every phase.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/device/device.h"
#include "harness/program/schedule.h"
#include "harness/sweep/trial.h"
#include "harness/trace/recording.h"

namespace memsweep {

/// At the end of a phase; peaks are those since the end of the phase before. Bytes. Step 0 is the set-up.
struct PhaseRow {
  std::int64_t step = 0;
  std::string phase;
  std::int64_t allocated = 0, peak_allocated = 0;
  std::int64_t reserved = 0, peak_reserved = 0;
  std::int64_t requested = 0, peak_requested = 0;
  std::int64_t active = 0, peak_active = 0;
  std::int64_t alloc_retries = 0;  // so far, as the next
  std::int64_t allocations = 0;
  std::int64_t segments = 0;  // now; expandable ones do not count
};

/// The end of a phase in a recording: how many events came before it.
struct PhaseMark {
  std::size_t events = 0;
  std::int64_t step = 0;
  std::string phase;
};

struct PhaseRun {
  Outcome outcome = Outcome::ok;
  std::vector<PhaseRow> rows;
  PhaseRow at_failure;        // where memory ran out: the levels then, under the last phase that had ended
  std::string message;        // PyTorch's own words for an oom
  std::vector<float> losses;  // of each micro-batch; empty where the device does not compute
  BytesByCategory by_category{};  // allocated bytes where they had their peak
  Recording recording;
  std::vector<PhaseMark> marks;
};

struct PhaseRunOptions {
  PytorchRelease release = PytorchRelease::v2_15;
  AllocatorSettings settings;
  std::int64_t steps = 4;
  int micro_batches = 1;  // of the program; above 1, phases that each of them has carry its number: "loss.0"
  /// Asked between steps; true ends the run with Interrupted.
  std::function<bool()> interrupted{};
};

/// The schedule of a step, from 1; steps may differ in their batch. Stays valid until the run is over.
using StepSchedule = std::function<const Schedule&(std::int64_t step)>;

/// Set-up and steps in a fresh allocator. Out of memory is an outcome. Throws Interrupted, and UsageError for
/// settings that the device cannot follow.
[[nodiscard]] PhaseRun run_phases(Device& device, const StepSchedule& schedule,
                                  const PhaseRunOptions& options);

/// Requested bytes that stood at their peak, by the op that asked for them, largest first.
struct OpShare {
  std::string op;
  std::size_t bytes = 0;
  std::size_t blocks = 0;
};
[[nodiscard]] std::vector<OpShare> shares_at_peak(const Recording& recording);

}  // namespace memsweep
