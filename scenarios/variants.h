// Variants of the user's training step, each with one part of it changed.
#pragma once

#include <string>

#include "harness/sweep/variant.h"
#include "scenarios/scenario.h"

namespace memsweep {

/// The step of these options under a label. Throws UsageError.
[[nodiscard]] Variant variant_of(std::string label, const TrainingOptions& options);

}  // namespace memsweep
