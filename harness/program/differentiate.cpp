#include "harness/program/differentiate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "harness/program/builder.h"
#include "harness/program/gradients.h"

namespace memsweep {
namespace {

bool contains(const std::vector<BufferId>& ids, BufferId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

class Differentiation final : public GradientContext {
 public:
  explicit Differentiation(Program program) : program_(std::move(program)) {
    needs_.assign(program_.buffers.size(), false);
    uses_.assign(program_.buffers.size(), 0);
    for (const Parameter& parameter : program_.parameters) needs_[parameter.weight] = true;
    if (program_.input_requiring_grad) needs_[*program_.input_requiring_grad] = true;
    for (const Instr& instr : program_.step) {
      for (BufferId in : instr.inputs) {
        if (!needs_[in]) continue;
        ++uses_[in];
        for (BufferId out : instr.outputs) needs_[out] = true;
      }
    }
    gradients_.resize(program_.buffers.size());
    is_parameter_.assign(program_.buffers.size(), false);
    for (const Parameter& parameter : program_.parameters) is_parameter_[parameter.weight] = true;
  }

  Program run() && {
    const std::size_t forward_size = program_.step.size();
    const BufferId root = program_.scaled_loss.value_or(program_.loss), seed = make_seed(root);
    gradients_[root][0] = seed;
    holders_[seed] = 2;  // whoever asked for the gradients holds it, too
    for (std::size_t i = forward_size; i-- > 0;) {
      if (!program_.step[i].inputs.empty()) differentiate_instr(program_.step[i]);  // what is drawn is given
    }
    program_.step.push_back({.op = Op::release, .phase = Phase::backward, .inputs = {seed}});
    if (program_.scaled_loss) program_.step.back().inputs.push_back(root);
    for (Parameter& parameter : program_.parameters) finish(parameter);
    if (program_.input_requiring_grad) hold_by_loss(*program_.input_requiring_grad);
    return std::move(program_);
  }

  const Instr& forward() const override { return forward_; }

  BufferId arriving(std::size_t output, std::size_t third) const override {
    return arriving_[output][third].value();
  }

  bool owned(BufferId arriving) const override { return holders_.at(arriving) == 0; }

  bool needed(std::size_t input) const override { return needs_[forward_.inputs[input]]; }

  std::vector<BufferId> emit(Op op, std::vector<BufferId> inputs, std::vector<double> attributes) override {
    Instr instr = backward(op);
    instr.inputs = std::move(inputs);
    instr.attributes = std::move(attributes);
    return append(program_, std::move(instr), row_of(op).name, Category::temporary);
  }

  BufferId make(Op op, TensorType type) override {
    Instr instr = backward(op);
    instr.outputs = {add_buffer(program_, {std::string(row_of(op).name), type, Category::temporary, {}})};
    program_.step.push_back(std::move(instr));
    return program_.step.back().outputs.front();
  }

  void emit_updating(Op op, std::vector<BufferId> inputs, std::vector<BufferId> updated,
                     std::vector<double> attributes) override {
    Instr instr = backward(op);
    instr.inputs = std::move(inputs);
    instr.outputs = std::move(updated);
    instr.attributes = std::move(attributes);
    program_.step.push_back(std::move(instr));
  }

  void pass(std::size_t input, BufferId gradient, std::size_t third) override {
    const BufferId value = forward_.inputs[input];
    if (needs_[value]) passed_.push_back({value, gradient, third});
  }

  void release(std::vector<BufferId> ids) override {
    std::erase_if(
        ids, [this](BufferId id) { return program_.buffers[id].lifetime != Lifetime::until_last_reader; });
    if (ids.empty()) return;
    Instr instr = backward(Op::release);
    instr.inputs = std::move(ids);
    program_.step.push_back(std::move(instr));
  }

  void next_node() override {
    release(held_by_node());
    begin_node();
  }

  const TensorType& type(BufferId id) const override { return program_.type(id); }

 private:
  /// Of a value, or of its three thirds.
  using Gradients = std::array<std::optional<BufferId>, 3>;

  struct Passed {
    BufferId value, gradient;
    std::size_t third;
  };

  BufferId make_seed(BufferId root) {
    const auto name = fmt::format("grad({})", program_.buffers[root].name);
    const BufferId seed = add_buffer(program_, {name, program_.type(root), Category::temporary, {}});
    program_.step.push_back(
        {.op = Op::fill, .phase = Phase::backward, .outputs = {seed}, .attributes = {1.0}});
    return seed;
  }

  [[nodiscard]] Instr backward(Op op) const {
    return {.op = op, .phase = Phase::backward, .block = forward_.block, .node = node_};
  }

  void differentiate_instr(const Instr& instr) {
    forward_ = instr;  // a copy: emitting may move the list
    arriving_.clear();
    bool any = false;
    for (BufferId out : forward_.outputs) {
      // Taken, not read: an op in place has the same buffer on both sides.
      arriving_.push_back(std::exchange(gradients_[out], Gradients{}));
      for (const auto& gradient : arriving_.back()) {
        if (gradient) --holders_[*gradient];
      }
      any = any || arriving_.back()[0].has_value();
    }
    if (!any) return;
    const GradientRule rule = gradient_rule(forward_.op);
    if (rule == nullptr) {
      throw std::logic_error(fmt::format("{} has no gradient rule", row_of(forward_.op).name));
    }
    begin_node();
    passed_.clear();
    rule(*this);
    end_node();
  }

  void begin_node() {
    ++node_;
    node_begin_ = program_.step.size();
  }

  /// PyTorch's node lets go of what it saved when it is done, not when it last reads it. Then its gradients
  /// are added to those that are there, and those of parameters are handed on.
  void end_node() {
    std::vector<BufferId> ends = held_by_node();
    const bool adds = std::any_of(passed_.begin(), passed_.end(), [this](const Passed& passed) {
      return gradients_[passed.value][passed.third].has_value();
    });
    if (adds) release(std::exchange(ends, {}));
    for (const Passed& passed : passed_) {
      auto& known = gradients_[passed.value][passed.third];
      if (known) {
        const BufferId total = sum(*known, passed.gradient);
        --holders_[*known];
        known = total;
      } else {
        known = passed.gradient;
      }
      ++holders_[*known];
      program_.buffers[*known].name = fmt::format("grad({})", program_.buffers[passed.value].name);
      --uses_[passed.value];
    }
    const auto completes = [this](const Passed& passed) {
      return is_parameter_[passed.value] && uses_[passed.value] == 0;
    };
    passed_.erase(std::remove_if(passed_.begin(), passed_.end(), std::not_fn(completes)), passed_.end());
    if (std::any_of(passed_.begin(), passed_.end(),
                    [this](const Passed& passed) { return is_shared(*gradients_[passed.value][0]); }))
      release(std::exchange(ends, {}));
    for (const Passed& passed : passed_) ends.push_back(own(*gradients_[passed.value][0]));
    release(std::move(ends));
  }

  [[nodiscard]] bool is_shared(BufferId gradient) const { return holders_.at(gradient) > 1; }

  /// A parameter keeps a gradient that nobody else holds, else a copy of it
  /// (torch/csrc/autograd/functions/accumulate_grad.h).
  BufferId own(BufferId& gradient) {
    if (is_shared(gradient)) {
      --holders_[gradient];
      gradient = emit(Op::clone, {gradient}, {})[0];
      ++holders_[gradient];
    }
    return gradient;
  }

  /// What the node's instructions read, without what dies with the last of them or is let go of by the rule:
  /// operands in their order, in which a node's saved variables stand.
  [[nodiscard]] std::vector<BufferId> held_by_node() const {
    std::size_t last = program_.step.size();
    while (last > node_begin_ && program_.step[last - 1].op == Op::release) --last;
    const auto dies_anyway = [&](BufferId id) {
      return std::any_of(program_.step.begin() + static_cast<std::ptrdiff_t>(last) - 1, program_.step.end(),
                         [id](const Instr& instr) { return contains(instr.inputs, id); });
    };
    std::vector<BufferId> held;
    for (std::size_t i = node_begin_; i + 1 < last; ++i) {
      for (BufferId id : program_.step[i].inputs) {
        const bool mortal = program_.buffers[id].lifetime == Lifetime::until_last_reader;
        if (mortal && !dies_anyway(id) && !contains(held, id)) held.push_back(id);
      }
    }
    const auto& operands = forward_.inputs;
    std::stable_sort(held.begin(), held.end(), [&operands](BufferId a, BufferId b) {
      return std::find(operands.begin(), operands.end(), a) < std::find(operands.begin(), operands.end(), b);
    });
    return held;
  }

  BufferId sum(BufferId known, BufferId gradient) {
    if (known == gradient || is_shared(known)) return emit(Op::add, {known, gradient}, {})[0];
    emit_updating(Op::axpby, {known, gradient}, {known}, {1, 1});
    return known;
  }

  void finish(Parameter& parameter) {
    const auto& gradient = gradients_[parameter.weight][0];
    if (!gradient) {
      throw std::logic_error(
          fmt::format("{} does not reach the loss", program_.buffers[parameter.weight].name));
    }
    parameter.gradient = *gradient;
    program_.buffers[*gradient].category = Category::gradient;
  }

  void hold_by_loss(BufferId input) {
    for (BufferId id : {gradients_[input][0].value(), input}) {
      program_.buffers[id].lifetime = Lifetime::with_loss;
      program_.saved_by_loss.push_back(id);
    }
  }

  Program program_;
  std::vector<bool> needs_;                    // by buffer of the forward pass
  std::vector<bool> is_parameter_;             // likewise
  std::vector<std::size_t> uses_;              // likewise: gradients that are still to come
  std::vector<Gradients> gradients_;           // likewise
  std::unordered_map<BufferId, int> holders_;  // of a gradient: values that it is on its way to
  Instr forward_;
  std::vector<Gradients> arriving_;
  std::int32_t node_ = Instr::kNone;
  std::size_t node_begin_ = 0;
  std::vector<Passed> passed_;
};

}  // namespace

Program differentiate(Program program) { return Differentiation(std::move(program)).run(); }

void append_zero_grad(Program& program) {
  Instr drop{.op = Op::release, .phase = Phase::zero_grad};
  for (const Parameter& parameter : program.parameters) {
    const BufferId gradient = parameter.gradient;
    if (program.buffers[gradient].lifetime != Lifetime::for_ever) {
      drop.inputs.push_back(gradient);
      continue;
    }
    program.step.push_back(
        {.op = Op::zeros_like, .phase = Phase::zero_grad, .inputs = {gradient}, .outputs = {gradient}});
  }
  if (!drop.inputs.empty()) program.step.push_back(std::move(drop));
}

}  // namespace memsweep
