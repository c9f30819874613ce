#include "harness/program/differentiate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
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
    for (const Parameter& parameter : program_.parameters) needs_[parameter.weight] = true;
    for (const Instr& instr : program_.step) {
      for (BufferId in : instr.inputs) {
        if (!needs_[in]) continue;
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
    gradients_[root] = seed;
    for (std::size_t i = forward_size; i-- > 0;) differentiate_instr(program_.step[i]);
    program_.step.push_back({.op = Op::release, .phase = Phase::backward, .inputs = {seed}});
    if (program_.scaled_loss) program_.step.back().inputs.push_back(root);
    for (Parameter& parameter : program_.parameters) finish(parameter);
    return std::move(program_);
  }

  const Instr& forward() const override { return forward_; }

  BufferId arriving(std::size_t output) const override { return arriving_[output].value(); }

  DType dtype(BufferId id) const override { return program_.type(id).dtype; }

  bool needed(std::size_t input) const override { return needs_[forward_.inputs[input]]; }

  std::vector<BufferId> emit(Op op, std::vector<BufferId> inputs, std::vector<double> attributes) override {
    Instr instr{.op = op, .phase = Phase::backward, .block = forward_.block, .inputs = std::move(inputs)};
    instr.attributes = std::move(attributes);
    auto outputs = append(program_, std::move(instr), row_of(op).name, Category::temporary);
    return outputs;
  }

  void pass(std::size_t input, BufferId gradient) override {
    const BufferId value = forward_.inputs[input];
    if (!needs_[value]) return;
    auto& known = gradients_[value];
    known = known ? emit(Op::add, {*known, gradient}, {})[0] : gradient;
    program_.buffers[*known].name = fmt::format("grad({})", program_.buffers[value].name);
    if (is_parameter_[value]) handed_on_.push_back(*known);
  }

 private:
  BufferId make_seed(BufferId root) {
    const auto name = fmt::format("grad({})", program_.buffers[root].name);
    const BufferId seed = add_buffer(program_, {name, program_.type(root), Category::temporary, {}});
    program_.step.push_back(
        {.op = Op::fill, .phase = Phase::backward, .outputs = {seed}, .attributes = {1.0}});
    return seed;
  }

  void differentiate_instr(const Instr& instr) {
    forward_ = instr;  // a copy: emitting may move the list
    arriving_.clear();
    bool any = false;
    for (BufferId out : forward_.outputs) {
      // Taken, not read: an op in place has the same buffer on both sides.
      arriving_.push_back(std::exchange(gradients_[out], std::nullopt));
      any = any || arriving_.back().has_value();
    }
    if (!any) return;
    const GradientRule rule = gradient_rule(forward_.op);
    if (rule == nullptr) {
      throw std::logic_error(fmt::format("{} has no gradient rule", row_of(forward_.op).name));
    }
    const std::size_t first = program_.step.size();
    handed_on_.clear();
    rule(*this);
    end_node(first);
  }

  /// PyTorch's node lets go of what it saved when it is done, not when it last reads it, and then hands
  /// the gradients of parameters on.
  void end_node(std::size_t first) {
    if (program_.step.size() == first) return;
    Instr end{.op = Op::release, .phase = Phase::backward, .block = forward_.block};
    const auto& last = program_.step.back().inputs;
    for (std::size_t i = first; i + 1 < program_.step.size(); ++i) {
      for (BufferId id : program_.step[i].inputs) {
        const bool mortal = program_.buffers[id].lifetime == Lifetime::until_last_reader;
        if (mortal && !contains(last, id) && !contains(end.inputs, id)) end.inputs.push_back(id);
      }
    }
    end.inputs.insert(end.inputs.end(), handed_on_.begin(), handed_on_.end());
    if (!end.inputs.empty()) program_.step.push_back(std::move(end));
  }

  void finish(Parameter& parameter) {
    const auto& gradient = gradients_[parameter.weight];
    if (!gradient) {
      throw std::logic_error(
          fmt::format("{} does not reach the loss", program_.buffers[parameter.weight].name));
    }
    parameter.gradient = *gradient;
    program_.buffers[*gradient].category = Category::gradient;
  }

  Program program_;
  std::vector<bool> needs_;                         // by buffer of the forward pass
  std::vector<bool> is_parameter_;                  // likewise
  std::vector<std::optional<BufferId>> gradients_;  // likewise
  Instr forward_;
  std::vector<std::optional<BufferId>> arriving_;
  std::vector<BufferId> handed_on_;  // by the node at hand: gradients of parameters
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
