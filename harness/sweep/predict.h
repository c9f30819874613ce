// What the simulated device says before the real one is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/sweep/boundary.h"
#include "harness/sweep/trial.h"
#include "harness/sweep/variant.h"

namespace memsweep {

/// No batch beyond this is looked for: far above what any device holds.
inline constexpr std::int64_t kLargestBatch = std::int64_t{1} << 31;

/// Whether a step of `variant` survives the certificate's steps on a simulated device.
[[nodiscard]] bool fits_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                               const TrialOptions& options);

/// The boundary on a simulated device, by galloping and bisection: milliseconds.
[[nodiscard]] Boundary predict_boundary(const Variant& variant, const Profile& profile,
                                        const TrialOptions& options);

/// Looks around a boundary, an eighth of it to each side at up to 512 points, and names the batches that
/// break its rule, "23900-24000 fit, 23650 does not"; empty if none does.
[[nodiscard]] std::string find_holes(const Variant& variant, std::int64_t largest, const Profile& profile,
                                     const TrialOptions& options);

/// The smallest device, in steps of 2 MiB, on which `batch` survives; bytes. Bisected, as if more memory
/// never hurt.
[[nodiscard]] std::size_t smallest_memory(const Variant& variant, std::int64_t batch, const Profile& profile,
                                          const TrialOptions& options);

}  // namespace memsweep
