#include "harness/program/passes/casts.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

bool is_number(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

std::string named_after(const Program& program, BufferId id, DType type) {
  return fmt::format("{}({})", name_of(type), program.buffers[id].name);
}

/// The types that the ops of a region want their operands in; nothing where they take what they get.
using Wish = std::optional<DType> (*)(Op op, const CastOptions& options);

/// The lists lower_precision_fp and fp32. On CUDA, cross_entropy is in neither and asks log_softmax for its
/// input's type; on the CPU it is in fp32 itself, and layer_norm and softmax are in neither.
std::optional<DType> autocast_wish(Op op, const CastOptions& options) {
  const bool on_cuda = options.lists == AutocastLists::cuda;
  if (row_of(op).product) return options.type;
  if (op == Op::nll_loss) return DType::f32;
  if (on_cuda ? op == Op::layer_norm || op == Op::softmax : op == Op::log_softmax) return DType::f32;
  return std::nullopt;
}

std::optional<DType> no_wish(Op, const CastOptions&) { return std::nullopt; }

/// Goes through a forward pass, casts operands and works out the types of results anew.
class Casting {
 public:
  Casting(Program program, const CastOptions& options, Wish wish)
      : program_(std::move(program)), options_(options), wish_(wish), parameter_(program_.buffers.size()) {
    for (const Parameter& p : program_.parameters) parameter_[p.weight] = true;
  }

  Program run() && {
    const std::vector<Instr> step = std::exchange(program_.step, {});
    for (std::size_t i = 0; i < step.size(); ++i) {
      if (row_of(step[i].op).infer == nullptr) {
        program_.step.push_back(step[i]);
        continue;
      }
      if (step[i].op != Op::release &&
          !arguments_.empty()) {  // the calls within have let go of what they made
        release(program_.step.back(), std::exchange(arguments_, {}));
      }
      if (step[i].op == Op::heads && i + 1 < step.size()) cast_before_copy(step[i], step[i + 1]);
      rewrite(step[i]);
    }
    if (!program_.cast_cache.empty()) release(program_.step.back(), program_.cast_cache);
    return std::move(program_);
  }

 private:
  void rewrite(Instr instr) {
    if (instr.op == Op::log_softmax && options_.wide_loss) {
      wide_logits_ = cast(instr, 0, DType::f32);
      if (wide_logits_) instr.inputs[0] = *wide_logits_;
    }
    const std::vector<BufferId> held = cast_operands(instr);
    const auto types = row_of(instr.op).infer(types_of(program_, instr.inputs), instr.attributes);
    for (std::size_t i = 0; i < types.size(); ++i) program_.buffers[instr.outputs[i]].type = types[i];
    program_.step.push_back(instr);
    if (!held.empty()) release(instr, held);
    if (instr.op == Op::nll_loss && wide_logits_) release(instr, {*wide_logits_});  // an argument, to the end
  }

  /// torch.matmul copies a factor that has not the strides it needs, but casts come before all it does.
  void cast_before_copy(const Instr& copy, const Instr& product) {
    const auto wish = product.composite ? std::nullopt : wish_(product.op, options_);
    for (std::size_t i = 0; wish && i < product.inputs.size(); ++i) {
      if (product.inputs[i] == copy.outputs.front()) continue;
      if (const auto converted = cast(product, i, *wish)) early_.emplace(product.inputs[i], *converted);
    }
  }

  /// The last operand first, as PyTorch evaluates them. Returns what was cast and is not held by a name.
  std::vector<BufferId> cast_operands(Instr& instr) {
    std::vector<BufferId> held;
    const auto wish = instr.composite ? std::nullopt : wish_(instr.op, options_);
    for (std::size_t i = instr.inputs.size(); wish && i-- > 0;) {
      const BufferId operand = instr.inputs[i];
      const bool argument = early_.contains(operand);
      const auto converted = cast(instr, i, *wish);
      if (!converted) continue;
      instr.inputs[i] = *converted;
      if (argument) arguments_.push_back(*converted);
      if (program_.buffers[operand].lifetime == Lifetime::until_last_reader) held.push_back(operand);
    }
    return held;
  }

  /// Nothing if it has that type, or is none that is cast.
  std::optional<BufferId> cast(const Instr& reader, std::size_t input, DType type) {
    const BufferId operand = reader.inputs[input];
    const DType now = program_.type(operand).dtype;
    if (now == type || !is_number(now)) return std::nullopt;
    if (const auto early = early_.find(operand); early != early_.end()) {
      const BufferId converted = early->second;
      early_.erase(early);
      return converted;
    }
    const bool leaf = is_parameter(operand) || operand == program_.input_requiring_grad;
    const bool cached = options_.cache && leaf;
    if (const auto known = cache_.find(operand); cached && known != cache_.end()) return known->second;
    Instr instr{.op = Op::cast, .phase = reader.phase, .block = reader.block, .inputs = {operand}};
    instr.attributes = {static_cast<double>(type)};
    const auto category = is_parameter(operand) ? Category::weight : Category::activation;
    const BufferId converted =
        append(program_, std::move(instr), named_after(program_, operand, type), category).front();
    if (cached) {
      cache_.emplace(operand, converted);
      program_.cast_cache.push_back(converted);
    }
    return converted;
  }

  [[nodiscard]] bool is_parameter(BufferId id) const { return id < parameter_.size() && parameter_[id]; }

  void release(const Instr& at, std::vector<BufferId> ids) {
    program_.step.push_back(
        {.op = Op::release, .phase = at.phase, .block = at.block, .inputs = std::move(ids)});
  }

  Program program_;
  const CastOptions& options_;
  Wish wish_;
  std::vector<bool> parameter_;         // by buffer of the program as it came
  std::map<BufferId, BufferId> cache_;  // casts by weight
  std::map<BufferId, BufferId> early_;  // casts of the next product's operands that are made already
  std::vector<BufferId> arguments_;     // of the call around the last product: they die when it is over
  std::optional<BufferId> wide_logits_;
};

}  // namespace

Program in_type(Program forward, const CastOptions& options) {
  const auto narrow = [&](BufferId id) {
    DType& type = forward.buffers[id].type.dtype;
    if (type == DType::f32) type = options.type;
  };
  for (const Parameter& p : forward.parameters) narrow(p.weight);
  for (BufferId id = 0; id < forward.buffers.size(); ++id) {
    if (forward.buffers[id].category == Category::input) narrow(id);
  }
  return Casting(std::move(forward), options, no_wish).run();
}

Program autocast(Program forward, const CastOptions& options) {
  return Casting(std::move(forward), options, autocast_wish).run();
}

namespace {

/// In the set-up the master is drawn in the weight's place, and the weight is its cast.
void draw_master(Program& program, BufferId weight, BufferId master) {
  std::vector<Instr> setup;
  for (Instr& instr : program.setup) {
    const bool draws = !instr.outputs.empty() && instr.outputs.front() == weight;
    if (draws) instr.outputs = {master};
    setup.push_back(std::move(instr));
    if (!draws) continue;
    Instr round{.op = Op::cast, .phase = Phase::setup, .inputs = {master}, .outputs = {weight}};
    round.attributes = {static_cast<double>(program.type(weight).dtype)};
    setup.push_back(std::move(round));
  }
  program.setup = std::move(setup);
}

BufferId widen_gradient(Program& program, BufferId gradient) {
  Instr widen{.op = Op::cast, .phase = Phase::backward, .inputs = {gradient}};
  widen.attributes = {static_cast<double>(DType::f32)};
  const auto name = named_after(program, gradient, DType::f32);
  const BufferId wide = append(program, std::move(widen), name, Category::gradient).front();
  program.step.push_back({.op = Op::release, .phase = Phase::backward, .inputs = {wide}});
  return wide;
}

}  // namespace

Program with_master_weights(Program program) {
  for (Parameter& p : program.parameters) {
    Buffer master = program.buffers[p.weight];
    program.buffers[p.weight].name = named_after(program, p.weight, master.type.dtype);
    master.type.dtype = DType::f32;
    const BufferId weight = std::exchange(p.weight, add_buffer(program, std::move(master)));
    draw_master(program, weight, p.weight);
    p.gradient = widen_gradient(program, p.gradient);
  }
  return program;
}

void append_copy_of_masters(Program& program, const std::vector<Parameter>& working) {
  for (std::size_t i = 0; i < working.size(); ++i) {
    const BufferId weight = working[i].weight;
    program.step.push_back({.op = Op::copy,
                            .phase = Phase::optimizer,
                            .inputs = {weight, program.parameters[i].weight},
                            .outputs = {weight}});
  }
}

}  // namespace memsweep
