#include "scenarios/variants.h"

#include <utility>

#include "harness/base/errors.h"
#include "scenarios/training_step.h"

namespace memsweep {

Variant variant_of(std::string label, const TrainingOptions& options) {
  if (options.recompute.size() > 1) {
    throw UsageError("--recompute names several policies; only checkpointing and show compare them");
  }
  return {std::move(label), parse_training_step(options), options.precision.name,
          trains(options.loop.mode) ? options.optimizer : "none"};
}

TrainingOptions without_recomputation(TrainingOptions options) {
  options.recompute.clear();
  options.reentrant = false;
  return options;
}

TrainingOptions without_training(TrainingOptions options, Mode mode) {
  options = without_recomputation(std::move(options));
  options.precision.scaler.clear();
  options.loop = {.mode = mode, .variables = options.loop.variables, .fuse = options.loop.fuse};
  return options;
}

}  // namespace memsweep
