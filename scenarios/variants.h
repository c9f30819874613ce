// Variants of the user's training step, each with one part of it changed.
#pragma once

#include <string>

#include "harness/sweep/variant.h"
#include "scenarios/scenario.h"

namespace memsweep {

/// The step of these options under a label. Throws UsageError, also for several recompute policies.
[[nodiscard]] Variant variant_of(std::string label, const TrainingOptions& options);

/// The same options without recomputation.
[[nodiscard]] TrainingOptions without_recomputation(TrainingOptions options);

/// The same options in a mode without a backward pass, less what only training has a use for.
[[nodiscard]] TrainingOptions without_training(TrainingOptions options, Mode mode);

}  // namespace memsweep
