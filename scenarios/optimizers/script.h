// Writes an optimizer's instructions as torch.optim's Python code is written: what its variables and lists
// hold while an update runs decides the transient memory, to the byte.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// What a Python variable, or a place in a list, holds: a tensor lives until its last holder lets go. So
/// where a name of the Python code is reused, so is one here, and what dies with a function does so here.
class Held {
 public:
  Held() = default;  // None
  /// What outlives the script: a weight, a gradient, a state.
  Held(BufferId id) : id_(std::make_shared<const BufferId>(id)) {}

  operator BufferId() const { return *id_; }

 private:
  friend class Script;
  explicit Held(std::shared_ptr<const BufferId> id) : id_(std::move(id)) {}

  std::shared_ptr<const BufferId> id_;
};

using List = std::vector<Held>;

/// All of it is of phase `optimizer`.
class Script {
 public:
  using Ids = std::vector<BufferId>;
  using Numbers = std::vector<double>;

  explicit Script(Program& program) : parameters(program.parameters), program_(program) {}

  const std::vector<Parameter> parameters;

  [[nodiscard]] const Shape& shape(BufferId id) const { return program_.type(id).shape; }

  /// A new tensor.
  [[nodiscard]] Held make(Op op, Ids inputs, Numbers attributes = {});
  /// y = op(y, ...), y being inputs.front().
  void update(Op op, Ids inputs, Numbers attributes = {});
  void update(Op op, Ids inputs, Numbers attributes, When when);
  /// Whatever results the op has, in place of operands or not.
  void run(Op op, Ids inputs, Ids outputs, Numbers attributes, When when = When::every_step);

  /// From here on, what is written runs in these steps only; the lifetimes of what is made while so must end
  /// so.
  void only(When when) { when_ = when; }
  /// The step from which When::from_turn holds; 0: never.
  void turn_at(std::int64_t step) { program_.turn = step; }

  // State is kept for ever; that of a weight is named "what(weight)".
  /// Made by `op` in the first step.
  BufferId state(std::string_view what, BufferId weight, Op op, Ids inputs);
  /// Of all weights together, made by `op` in the first step.
  BufferId shared(std::string_view name, Op op, Numbers attributes);
  /// Zeros as long as the weight, made in the first step.
  BufferId zeros(std::string_view what, BufferId weight) {
    return state(what, weight, Op::zeros_like, {weight});
  }
  /// Filled with a value in the first step.
  BufferId filled(std::string_view what, BufferId weight, TensorType type, double value);
  /// As long as the weight and filled with a value when the optimizer is built.
  BufferId built(std::string_view what, BufferId weight, double value);
  /// Without values: the first step's run() has it among its results.
  BufferId unborn(std::string_view what, BufferId weight, TensorType type);

  // What torch.optim's functions begin with: the gradients, negated to maximize, pulled along by the weights.
  /// At once, as foreach does.
  [[nodiscard]] List gradients(bool maximize, double weight_decay);
  /// Of one parameter, as a loop does, whose variable holds that of the one before until it is assigned.
  void next_gradient(Held& gradient, const Parameter& parameter, bool maximize, double weight_decay);

 private:
  BufferId born(std::string_view name, Op op, Ids inputs, Numbers attributes);
  void let_go(BufferId id);

  Program& program_;
  When when_ = When::every_step;
};

}  // namespace memsweep
