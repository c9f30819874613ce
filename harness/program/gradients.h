// One gradient rule an op: which instructions the backward pass runs for a forward instruction.
#pragma once

#include <string_view>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// What a rule sees and may do. Rules emit instructions in the order in which PyTorch's node of that
/// op allocates.
class GradientContext {
 public:
  virtual ~GradientContext() = default;

  [[nodiscard]] virtual const Instr& forward() const = 0;
  /// The gradient that arrives at the op's result i.
  [[nodiscard]] virtual BufferId arriving(std::size_t output) const = 0;
  [[nodiscard]] virtual DType dtype(BufferId id) const = 0;
  [[nodiscard]] virtual bool needed(std::size_t input) const = 0;
  virtual std::vector<BufferId> emit(Op op, std::vector<BufferId> inputs,
                                     std::vector<double> attributes = {}) = 0;
  /// Hands on the gradient of an input; a second one for the same value is added to the first.
  virtual void pass(std::size_t input, BufferId gradient) = 0;
};

using GradientRule = void (*)(GradientContext&);

/// Null for an op that cannot be differentiated.
[[nodiscard]] GradientRule gradient_rule(Op op);

}  // namespace memsweep
