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

  /// What a model holds besides its weights and does not train, such as a mask: made in the set-up by an op
  /// without operands.
  BufferId constant(std::string name, TensorType type, Op op, std::vector<double> attributes = {});

  /// The batch: values scale * uniform, or integers below `modulus`; drawn anew each step.
  /// They live until the next batch has been made, as the variables of a training loop do.
  BufferId input(std::string name, Shape shape, float scale);
  BufferId target(std::string name, Shape shape, std::int64_t modulus);
  /// The batch of a language model: tokens below `vocabulary` of sequences one longer than T, which for the
  /// input lack their last token and for the target their first.
  BufferId token_input(std::string name, Shape shape, std::int64_t vocabulary);
  BufferId token_target(std::string name, Shape shape, std::int64_t vocabulary);

  /// The first result of an op.
  BufferId apply(std::string name, Op op, std::vector<BufferId> inputs, std::vector<double> attributes = {});
  /// All results; names get the op table's order as a suffix after the first.
  std::vector<BufferId> apply_all(std::string name, Op op, std::vector<BufferId> inputs,
                                  std::vector<double> attributes = {});
  /// An op that overwrites its first operand.
  BufferId apply_in_place(Op op, std::vector<BufferId> operands, std::vector<double> attributes = {});
  /// An op whose last results overwrite its last operands, `updated` of them; returns its new results.
  std::vector<BufferId> apply_updating(std::string name, Op op, std::vector<BufferId> inputs,
                                       std::size_t updated, std::vector<double> attributes);
  /// The result of an op without operands, whose type is the caller's to choose.
  BufferId make(std::string name, TensorType type, Op op, std::vector<double> attributes = {});
  BufferId dropout(std::string name, BufferId x, double p, int layer);
  /// The attributes that tell a body which mask to draw.
  [[nodiscard]] std::vector<double> dropout_attributes(double p, int layer) const;
  /// What is applied between the two is part of one op of PyTorch's.
  void begin_composite() { composite_ = true; }
  void end_composite() { composite_ = false; }
  /// Variables of a module's code that are let go of here, and live at least so long.
  void release(std::vector<BufferId> values);

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
  bool composite_ = false;
};

/// Appends an instruction whose result types the op table infers; returns its new outputs.
std::vector<BufferId> append(Program& program, Instr instr, std::string_view name, Category category);

}  // namespace memsweep
