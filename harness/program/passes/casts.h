// Precision as passes over a forward pass: which values are held in which type, and who casts them.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// Whose lists say what autocast casts (aten/src/ATen/autocast_mode.h and .cpp): torch.autocast("cuda") or
/// torch.autocast("cpu").
enum class AutocastLists : std::uint8_t { cuda, cpu };

struct CastOptions {
  DType type = DType::bf16;  // f16 or bf16
  bool cache = true;         // autocast casts a weight once in a region, not for each use
  bool wide_loss = false;  // logits are cast to f32 before the loss, as in cross_entropy(out.float(), target)
  AutocastLists lists = AutocastLists::cuda;
};

/// Weights, inputs and all that is computed from them in `options.type`: `model.to(type)`. Statistics of a
/// layer norm stay f32, as they do in PyTorch.
[[nodiscard]] Program in_type(Program forward, const CastOptions& options);

/// Weights and inputs stay f32, and operands are cast as torch.autocast does: those of products to
/// `options.type`, those of the loss to f32, and on CUDA those of layer norms and softmax to f32 too; all
/// else takes what it gets. An operand lives until the op that it was cast for has returned. Casts of
/// weights, and of an input that requires a gradient, live to the end of the forward pass where they are
/// cached.
[[nodiscard]] Program autocast(Program forward, const CastOptions& options);

/// Each 16-bit weight gets an f32 master, which is drawn, and rounded to the weight, in the set-up. Behind
/// the backward pass each gradient is cast to f32 and dropped; the parameters are the masters from there on.
/// `program` has been differentiated, and accumulated if it is to be.
[[nodiscard]] Program with_master_weights(Program program);

/// Appends, behind the optimizer: weights = masters, rounded. `working` are the parameters before
/// with_master_weights, `program` has those after it.
void append_copy_of_masters(Program& program, const std::vector<Parameter>& working);

}  // namespace memsweep
