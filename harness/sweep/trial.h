// One program at one size on a device, in a fresh allocator: does it fit, and what did it take?
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/device/device.h"
#include "harness/memory/allocator.h"
#include "harness/memory/levels.h"
#include "harness/memory/rules.h"
#include "harness/memory/settings.h"
#include "harness/program/schedule.h"
#include "harness/sweep/diagnose.h"
#include "harness/sweep/timing.h"
#include "harness/trace/recording.h"

namespace memsweep {

enum class Outcome : std::uint8_t { ok, oom, error };
[[nodiscard]] std::string_view name_of(Outcome outcome);
/// Throws std::invalid_argument for a name that name_of() never gives.
[[nodiscard]] Outcome outcome_of(std::string_view name);

using BytesByCategory = std::array<std::size_t, kCategoryCount>;

struct TrialResult {
  Outcome outcome = Outcome::ok;
  std::int64_t steps = 0;  // that were finished before the outcome was certain
  /// Where the peak of allocated bytes stood; where memory ran out for an oom.
  Phase phase = Phase::setup;
  std::int64_t phase_step = 0;
  Levels peak;
  BytesByCategory by_category{};  // allocated bytes at the peak, or when memory ran out
  std::size_t refused_bytes = 0;  // the request that was refused, as the program made it
  std::int64_t alloc_retries = 0;
  Verdict verdict = Verdict::fits;
  std::string message;  // PyTorch's own words for an oom; the reason of an error
  /// Of the device, beside the allocator's segments, when the steps were over or memory ran out: the context,
  /// what libraries keep, and others. Bytes.
  std::size_t overhead_bytes = 0;
  Spread step_seconds;
  std::size_t throttled_samples = 0;  // thrown away, since the device had slowed itself down
  bool noisy = false;
  /// Where the device computes, of the first `TrialOptions::least_steps` steps: the last loss, and a hash
  /// over all losses, the last step's gradients and the weights after it.
  std::optional<float> loss;
  std::optional<std::uint64_t> result_hash;
};

struct TrialOptions {
  PytorchRelease release = PytorchRelease::v2_15;
  AllocatorSettings settings;
  /// A batch fits if so many steps survive (most shortages come in the second or third one), and as many more
  /// as it takes until memory looks as it did after an earlier step, so that no later one can differ.
  std::int64_t least_steps = 3;
  std::int64_t most_steps = 64;  // that are waited for it
  /// Steps behind the first `least_steps` are timed; none where only the outcome is asked for.
  std::optional<StopRule> timing;
  /// Ends as soon as the verdict is certain: allocated and reserved bytes may peak in a step that is not run,
  /// requested ones do not.
  bool only_verdict = false;
  /// Given all that the allocator did and the layout it had when the last step was over or memory ran out;
  /// none is recorded where nobody asks.
  std::function<void(const Recording&)> snapshot;
  /// Asked between steps; true ends the trial with Interrupted.
  std::function<bool()> interrupted;
};

/// Runs set-up and steps on an allocator, and frees all that they made. Out of memory is an outcome.
/// Throws Interrupted.
[[nodiscard]] TrialResult run_steps(Device& device, Allocator& allocator, const Schedule& schedule,
                                    const TrialOptions& options);

/// A trial: the same on a fresh caching allocator over `memory`, which is `device`'s own or stacked on
/// it. Bytes that are still taken afterwards make it an error. Throws Interrupted.
[[nodiscard]] TrialResult run_trial(Device& device, SegmentSource& memory, const Schedule& schedule,
                                    const TrialOptions& options);

}  // namespace memsweep
