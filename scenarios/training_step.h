// A whole step of a training loop from a forward pass: the remedies in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  /// The same of a whole batch, cut as torch.split(ceil(batch / micro_batches)) does: the last micro-batch is
  /// the smallest, and where the batch is small there are fewer.
  [[nodiscard]] Program of_whole(std::int64_t batch) const;
  /// The same of micro-batches of so many rows, whatever the loop says. Each mean loss is weighed by its
  /// share of all rows.
  [[nodiscard]] Program of_micro_batches(const std::vector<std::int64_t>& rows) const;
};

/// Without recomputation where the options name several policies. Throws UsageError for options that cannot
/// be built, however large the batch.
[[nodiscard]] TrainingStep parse_training_step(const TrainingOptions& options);

/// The blocks of the model that a recompute policy may choose from.
[[nodiscard]] std::int32_t block_count(const ForwardPass& forward);

}  // namespace memsweep
