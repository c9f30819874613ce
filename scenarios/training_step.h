// A whole training step from a forward pass: the remedies in their order.
#pragma once

#include <optional>
#include <string>

#include "harness/program/passes/clip.h"
#include "scenarios/optimizer.h"
#include "scenarios/precision.h"
#include "scenarios/scenario.h"

namespace memsweep {

struct TrainingStep {
  ForwardPass forward;
  ChosenOptimizer optimizer;
  std::string recompute = "none";
  Randomness randomness;
  int micro_batches = 1;        // a step; their gradients are added up
  bool keep_gradients = false;  // zero_grad(set_to_none=False)
  std::optional<ClipOptions> clip = {};
  ChosenPrecision precision = {};

  /// Forward, loss, backward (with recomputation), clip, optimizer, zero_grad; verified. `batch` is that
  /// of one micro-batch.
  [[nodiscard]] Program operator()(std::int64_t batch) const;
};

/// Throws UsageError for options that cannot be built, however large the batch.
[[nodiscard]] TrainingStep parse_training_step(const TrainingOptions& options);

/// The blocks of the model that a recompute policy may choose from.
[[nodiscard]] std::int32_t block_count(const ForwardPass& forward);

}  // namespace memsweep
