// The optimizers that a scenario can train with. One file each in optimizers/, one row each in the
// table of optimizer.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness/program/program.h"

namespace memsweep {

/// PyTorch's three ways to write one optimizer; they differ in their transient memory.
enum class Implementation : std::uint8_t {
  foreach,  // PyTorch's default on a GPU: each operation over the list of all parameters
  for_loop,
  fused,
};

/// Names and defaults are torch.optim's, except that lr is the same for all.
struct OptimizerOptions {
  double lr = 0.01;
  double weight_decay = 0;
  double momentum = 0;
  double dampening = 0;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  bool amsgrad = false;
  Implementation implementation = Implementation::foreach;
};

struct Optimizer {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> options;  // names of those it knows
  OptimizerOptions defaults;
  /// Appends the optimizer's part of a step to a program that has its gradients.
  void (*append)(Program& program, const OptimizerOptions& options);
};

[[nodiscard]] std::span<const Optimizer> optimizers();

/// An optimizer with its options, as read from "adamw:lr=0.001,weight_decay=0.1".
struct ChosenOptimizer {
  const Optimizer* row;
  OptimizerOptions options;

  void append(Program& program) const { row->append(program, options); }
};

/// Throws UsageError with a sentence for an unknown name or value, for an option of another optimizer, and
/// for values that torch.optim refuses.
[[nodiscard]] ChosenOptimizer parse_optimizer(std::string_view text);

}  // namespace memsweep
