#include "scenarios/variants.h"

#include <utility>

#include "scenarios/training_step.h"

namespace memsweep {

Variant variant_of(std::string label, const TrainingOptions& options) {
  return {std::move(label), parse_training_step(options), options.precision.name, options.optimizer};
}

}  // namespace memsweep
