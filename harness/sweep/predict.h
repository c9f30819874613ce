// What the simulated device says before the real one is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/sweep/boundary.h"
#include "harness/sweep/trial.h"
#include "harness/sweep/variant.h"

namespace memsweep {

/// No batch beyond this is looked for: far above what any device holds.
inline constexpr std::int64_t kLargestBatch = std::int64_t{1} << 31;

/// Up to so many batches are tried one by one on the simulated device, and so many instructions of a step
/// times batches: at most about a second of one core. Above, a bisection has to do.
inline constexpr std::int64_t kWalk = 2048;
inline constexpr std::int64_t kWalkedInstructions = 1'000'000;

/// Whether `batch` survives a trial on a simulated device.
[[nodiscard]] bool fits_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                               const TrialOptions& options);

/// The same, without cached memory being given back in every step, which costs time.
[[nodiscard]] bool runs_freely_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                                      const TrialOptions& options);

struct Prediction {
  std::int64_t largest = 0;   // batch that fits; 0: none
  std::int64_t smallest = 0;  // batch that does not; 0: none up to kLargestBatch
  /// Where the two are not neighbours: what lies between, "342-380 do not fit"; empty: nothing was seen.
  std::string holes;
};

/// The peak of requested bytes near a batch, as a straight line.
struct Footprint {
  std::size_t fixed_bytes = 0;   // whatever the batch
  std::size_t sample_bytes = 0;  // for each sample besides
};
/// Through the peaks at `batch`, which fits, and at half of it. Nothing for a batch below 2.
[[nodiscard]] Footprint footprint(const Variant& variant, std::int64_t batch, const Profile& profile,
                                  const TrialOptions& options);

/// Memory is not monotone in the batch: rounding and cached segments leave holes below the largest batch
/// that fits. If no batch above kWalk can fit, every batch is tried, on all cores, and both numbers are
/// exact: `variant.program` and `options.interrupted` are called from several threads at once. Else the
/// boundary is bisected; with `scan`, 512 batches within an eighth of it are tried as well, and the edges of
/// what they show bisected.
[[nodiscard]] Prediction predict(const Variant& variant, const Profile& profile, const TrialOptions& options,
                                 bool scan = false);

/// The boundary on the device itself, searched from a prediction. Both sides are asked, and the first batch
/// of a hole; `smallest` is that batch if it does not fit.
template <typename Fits>
[[nodiscard]] Boundary confirm(const Prediction& predicted, Fits&& fits) {
  Boundary found = find_boundary(fits, predicted.largest, kLargestBatch);
  if (predicted.smallest == 0 || predicted.smallest >= found.largest) return found;
  found.probes.push_back({predicted.smallest, fits(predicted.smallest)});
  if (!found.probes.back().fits) found.smallest = predicted.smallest;
  return found;
}

/// The smallest device, in steps of 2 MiB, on which `batch` survives; bytes. Nothing if it does not on one of
/// 8 TiB. Bisected, as if more memory never hurt.
[[nodiscard]] std::optional<std::size_t> smallest_memory(const Variant& variant, std::int64_t batch,
                                                         const Profile& profile, const TrialOptions& options);

}  // namespace memsweep
