// The optimizers that a scenario can train with. One file each in optimizers/, one word each in the list of
// optimizer.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/program/program.h"
#include "scenarios/optimizer_options.h"

namespace memsweep {

class Script;

struct Optimizer {
  std::string_view name;
  std::string_view summary;
  std::vector<OptimizerOption> options;
  std::vector<Implementation> implementations;  // the first is the default
  /// Writes the optimizer's part of the set-up and of a step.
  void (*write)(Script& script, const OptimizerOptions& options);
  /// Why values do not go together; empty if they do. May be null.
  std::string (*refusal)(const OptimizerOptions& options) = nullptr;
};

[[nodiscard]] std::span<const Optimizer> optimizers();

/// An optimizer with its options, as read from "adamw:lr=0.001,weight_decay=0.1".
struct ChosenOptimizer {
  const Optimizer* row;
  OptimizerOptions options;

  /// Appends the optimizer's part to a program that has its gradients. Throws UsageError with a sentence if
  /// it cannot train such a model.
  void append(Program& program) const;
};

/// Throws UsageError with a sentence for an unknown name or value, for an option of another optimizer, and
/// for values that torch.optim refuses.
[[nodiscard]] ChosenOptimizer parse_optimizer(std::string_view text);

}  // namespace memsweep
