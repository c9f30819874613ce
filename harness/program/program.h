// A training step as a value: a straight list of instructions over named buffers.
//
// No addresses, no devices, no control flow. Every pass takes a Program and returns one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/op.h"

namespace memsweep {

using BufferId = std::uint32_t;

/// What a buffer is to the person whose memory ran out.
enum class Category : std::uint8_t {
  weight,
  gradient,  // of parameters
  optimizer_state,
  activation,
  input,
  workspace,  // borrowed by a library or a reduction while an op runs; never a Buffer of a program
  temporary,  // gradients of activations, transients of the optimizer
};
inline constexpr std::size_t kCategoryCount = 7;
[[nodiscard]] std::string_view name_of(Category category);

/// How long a buffer lives within repeated steps.
enum class Lifetime : std::uint8_t {
  until_last_reader,
  until_reassigned,    // a variable of user code: dies when the next value has been made
  no_value_ever_dies,  // a variable whose every value a list of user code holds
  with_loss,           // saved by the graph of a loss: dies with that value of the loss
  for_ever,
};

struct Buffer {
  std::string name;
  TensorType type;
  Category category = Category::activation;
  Lifetime lifetime = Lifetime::until_last_reader;
  bool on_host = false;  // beside the device's memory: no allocator is asked
  /// Of another type, where a variable takes values of several: the buffer that stands for the variable.
  std::optional<BufferId> variable{};
};

enum class Phase : std::uint8_t {
  setup,
  data,
  forward,
  loss,
  backward,
  recompute,
  clip,
  optimizer,
  zero_grad,
  append,
  del  // of variables: what is released here is no longer held by its name
};
inline constexpr std::size_t kPhaseCount = 11;
[[nodiscard]] std::string_view name_of(Phase phase);

/// Some instructions run in the first step only (optimizer state is born there) or in all others; some up to
/// the program's turn, or from that step on. Of what is skipped where gradients overflow, steps are counted
/// that are not.
enum class When : std::uint8_t { every_step, first_step, later_steps, before_turn, from_turn };

struct Instr {
  static constexpr std::int32_t kNone = -1;

  Op op = Op::release;
  Phase phase = Phase::forward;
  When when = When::every_step;
  /// The block of the model (a layer that may be recomputed) that a forward instruction belongs to;
  /// for a backward instruction, the block of the forward one that it differentiates.
  std::int32_t block = kNone;
  /// Which node of PyTorch's backward graph a backward instruction belongs to: what a node saved is fetched
  /// when it begins, and let go of when it ends.
  std::int32_t node = kNone;
  std::vector<BufferId> inputs{};
  std::vector<BufferId> outputs{};  // one that is also an input is updated in place, unless it is a variable
  std::vector<double> attributes{};
  bool composite = false;  // a part of one of PyTorch's ops: what looks at ops from outside leaves it alone
  bool unless_overflow = false;  // skipped in a step in which Program::overflow is not 0
};

/// A kind of step: whether it is the first, whether weights are updated in it for the first time, and whether
/// the program's turn has come.
struct Occasion {
  bool first_step = false;
  bool first_update = false;
  bool turned = false;
};
[[nodiscard]] bool runs(const Instr& instr, Occasion occasion);

struct Parameter {
  BufferId weight;
  BufferId gradient;  // meaningful after differentiate()
};

struct Program {
  std::vector<Buffer> buffers;
  std::vector<Instr> setup;  // runs once
  std::vector<Instr> step;   // runs again and again
  std::vector<Parameter> parameters;
  BufferId loss = 0;
  std::optional<BufferId>
      input_requiring_grad{};  // gets a gradient, which differentiate() adds to saved_by_loss
  /// What the graph of a loss still holds at the end of a step, each of lifetime `with_loss`, in the order in
  /// which it is let go.
  std::vector<BufferId> saved_by_loss;
  std::int32_t blocks = 0;
  std::int64_t turn = 0;                  // a step after the first; 0: never
  std::optional<BufferId> scaled_loss{};  // what the backward pass starts from, if not the loss itself
  std::optional<BufferId> overflow{};     // a scalar that is not 0 where this step's gradients overflowed
  std::vector<BufferId> cast_cache{};     // casts of weights that autocast keeps to the end of its region
  bool tf32 = false;                      // products of f32 operands may round them

  [[nodiscard]] const TensorType& type(BufferId id) const { return buffers[id].type; }
};

/// Makes a buffer and returns its id.
BufferId add_buffer(Program& program, Buffer buffer);

/// Whether making a buffer again makes a new value beside the old one: variables of user code, and what a
/// loss holds.
[[nodiscard]] bool is_variable(const Buffer& buffer);

/// The buffer in whose place a value of `id` lies: the variable's, or itself.
[[nodiscard]] BufferId place_of(const Program& program, BufferId id);

/// Whether an instruction makes a new value of its output `id`, instead of updating the one there is.
[[nodiscard]] bool gives_birth(const Program& program, const Instr& instr, BufferId id);

/// Types of an instruction's operands, for the op table.
[[nodiscard]] std::vector<TensorType> types_of(const Program& program, const std::vector<BufferId>& ids);

/// Throws std::logic_error with a sentence if the program is not well formed: an operand that is read
/// before it is born, born twice, or of another type than the op table infers.
void verify(const Program& program);

/// The program as text, one line an instruction.
[[nodiscard]] std::string print(const Program& program);

}  // namespace memsweep
