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
  /// The gradient that arrives at the op's result i, or at one third of it.
  [[nodiscard]] virtual BufferId arriving(std::size_t output, std::size_t third = 0) const = 0;
  /// Whether nobody else holds the gradient that arrives: it may be overwritten.
  [[nodiscard]] virtual bool owned(BufferId arriving) const = 0;
  [[nodiscard]] virtual bool needed(std::size_t input) const = 0;
  virtual std::vector<BufferId> emit(Op op, std::vector<BufferId> inputs,
                                     std::vector<double> attributes = {}) = 0;
  /// A result whose type the caller chooses.
  virtual BufferId make(Op op, TensorType type) = 0;
  /// Updates operands in place: the op's results are `updated`, among its inputs.
  virtual void emit_updating(Op op, std::vector<BufferId> inputs, std::vector<BufferId> updated,
                             std::vector<double> attributes) = 0;
  /// Hands on the gradient of an input when the rule is done, or of one third of it (Op::split_thirds); a
  /// second one for the same value is added to the first.
  virtual void pass(std::size_t input, BufferId gradient, std::size_t third = 0) = 0;
  /// What the node read, or the caller's names still hold, dies here in this order, as far as it dies with
  /// the node: it outlives what the rule made on the way.
  virtual void release(std::vector<BufferId> ids) = 0;
  /// The rule stands for several of PyTorch's nodes: the one so far is done, and what it held dies.
  virtual void next_node() = 0;
  [[nodiscard]] virtual const TensorType& type(BufferId id) const = 0;
};

using GradientRule = void (*)(GradientContext&);

/// Null for an op that cannot be differentiated.
[[nodiscard]] GradientRule gradient_rule(Op op);

}  // namespace memsweep
