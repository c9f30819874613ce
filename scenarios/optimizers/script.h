// Writes an optimizer's instructions as torch.optim's Python code is written: what its variables and lists
// hold while an update runs decides the transient memory, to the byte.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// What a Python variable, or a place in a list, holds: a tensor lives until its last holder lets go. So
/// where a name of the Python code is reused, so is one here, and what dies with a function does so here:
/// Python's variables in the order in which the code first names them, so they are declared here the other
/// way round, since the last one declared is the first to die.
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

/// A list of Python's: it lets go of its last element first (list_dealloc, Objects/listobject.c).
class List {
 public:
  List() = default;
  List(const List&) = default;
  List(List&&) = default;
  List& operator=(List other) {
    items_.swap(other.items_);
    return *this;
  }
  ~List() { clear(); }

  void clear() {
    while (!items_.empty()) items_.pop_back();
  }
  void push_back(Held item) { items_.push_back(std::move(item)); }

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] const Held& back() const { return items_.back(); }
  [[nodiscard]] const Held& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] auto begin() { return items_.begin(); }
  [[nodiscard]] auto end() { return items_.end(); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }

 private:
  std::vector<Held> items_;
};

/// All of it is of phase `optimizer`.
class Script {
 public:
  using Ids = std::vector<BufferId>;
  using Numbers = std::vector<double>;

  explicit Script(Program& program) : parameters(program.parameters), program_(program) {}

  const std::vector<Parameter> parameters;

  [[nodiscard]] Shape shape(BufferId id) const { return program_.type(id).shape; }
  [[nodiscard]] DType dtype(BufferId id) const { return program_.type(id).dtype; }

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
