// A whole training step from a forward pass: the remedies in their order.
#pragma once

#include <string>

#include "scenarios/optimizer.h"
#include "scenarios/scenario.h"

namespace memsweep {

struct TrainingStep {
  ForwardPass forward;
  ChosenOptimizer optimizer;
  std::string recompute = "none";
  Randomness randomness;

  /// Forward, loss, backward (with recomputation), optimizer, zero_grad; verified.
  [[nodiscard]] Program operator()(std::int64_t batch) const;
};

/// Throws UsageError for options that cannot be built, however large the batch.
[[nodiscard]] TrainingStep parse_training_step(const TrainingOptions& options);

/// The blocks of the model that a recompute policy may choose from.
[[nodiscard]] std::int32_t block_count(const ForwardPass& forward);

}  // namespace memsweep
