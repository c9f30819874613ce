// A whole step of a training loop from a forward pass: the remedies in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scenarios/loop.h"
#include "scenarios/optimizer.h"
#include "scenarios/precision.h"
#include "scenarios/scenario.h"

namespace memsweep {

struct TrainingStep {
  ForwardPass forward;
  std::optional<ChosenOptimizer> optimizer;  // none: gradients are computed and left
  std::string recompute = "none";
  bool reentrant = false;  // where something is recomputed
  Randomness randomness;
  LoopOptions loop{};
  ChosenPrecision precision{};
  PytorchRelease release = PytorchRelease::v2_15;

  /// Forward, loss, backward (with recomputation), clip, optimizer, zero_grad, as far as the loop's mode has
  /// them; verified. `batch` is that of one micro-batch.
  [[nodiscard]] Program operator()(std::int64_t batch) const;
};

/// Without recomputation where the options name several policies. Throws UsageError for options that cannot
/// be built, however large the batch.
[[nodiscard]] TrainingStep parse_training_step(const TrainingOptions& options);

/// The blocks of the model that a recompute policy may choose from.
[[nodiscard]] std::int32_t block_count(const ForwardPass& forward);

}  // namespace memsweep
