// Writes forward passes: parameters, inputs, and ops applied to them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// Where weights, data and dropout masks are drawn from.
struct Randomness {
  std::uint32_t seed = 0;
  /// Different batches before the data repeats.
  int batches = 2;
};

class Builder {
 public:
  explicit Builder(Randomness randomness) : randomness_(randomness) {}

  /// A weight, drawn as offset + scale * uniform in the set-up; ids count up from 0.
  BufferId parameter(std::string name, Shape shape, float scale, float offset = 0);

  /// The batch: values scale * uniform, or integers below `modulus`; drawn anew each step.
  /// They live until the next batch has been made, as the variables of a training loop do.
  BufferId input(std::string name, Shape shape, float scale);
  BufferId target(std::string name, Shape shape, std::int64_t modulus);

  /// The first result of an op.
  BufferId apply(std::string name, Op op, std::vector<BufferId> inputs, std::vector<double> attributes = {});
  /// All results; names get the op table's order as a suffix after the first.
  std::vector<BufferId> apply_all(std::string name, Op op, std::vector<BufferId> inputs,
                                  std::vector<double> attributes = {});
  /// An element-wise op that overwrites its operand.
  BufferId apply_in_place(Op op, BufferId operand);
  BufferId dropout(std::string name, BufferId x, double p, int layer);

  /// Mean cross-entropy of logits against targets: log_softmax and nll_loss, in phase `loss`.
  /// Both the logits and the loss are variables of the training loop.
  void cross_entropy(BufferId logits, BufferId target);

  /// What is applied between the two belongs to one block: the unit of recomputation. Where it is a module
  /// its caller lets go of `input` when the block is done; else that dies with its last reader.
  void begin_block(std::optional<BufferId> input = {});
  void end_block();

  [[nodiscard]] const Shape& shape(BufferId id) const { return program_.type(id).shape; }
  [[nodiscard]] Program finish() && { return std::move(program_); }

 private:
  BufferId drawn_each_step(std::string name, TensorType type, Op op, double id,
                           std::vector<double> attributes);

  Program program_;
  Randomness randomness_;
  Phase phase_ = Phase::forward;
  std::int32_t block_ = Instr::kNone;
  std::optional<BufferId> block_input_;
};

/// Appends an instruction whose result types the op table infers; returns its new outputs.
std::vector<BufferId> append(Program& program, Instr instr, std::string_view name, Category category);

}  // namespace memsweep
