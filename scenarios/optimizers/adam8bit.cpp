// AdamW with moments of 8 bit (arXiv 2110.02861; the layout of bitsandbytes' block-wise states): a code for
// each value and a scale for each 256 of them. Two code books are shared by all weights.
//
// Unlike in bitsandbytes, the moments of small weights are encoded as well. Transient memory: none.
#include "kernels/block_scales.h"
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

void write(Script& s, const OptimizerOptions& o) {
  const BufferId signed_book = s.shared("signed_book", Op::code_book, {1});
  const BufferId unsigned_book = s.shared("unsigned_book", Op::code_book, {0});
  const Script::Numbers numbers{o["lr"], o["beta1"], o["beta2"], o["eps"], o["weight_decay"]};
  for (const auto& [weight, gradient] : s.parameters) {
    const TensorType codes{s.shape(weight), DType::u8};
    const TensorType scales{{scale_blocks(codes.shape.elements())}, DType::f32};
    const Script::Ids states{s.unborn("exp_avg", weight, codes), s.unborn("exp_avg_sq", weight, codes),
                             s.unborn("exp_avg_absmax", weight, scales),
                             s.unborn("exp_avg_sq_absmax", weight, scales)};
    const Script::Ids operands{weight, gradient, signed_book, unsigned_book};
    Script::Ids results{weight}, later = operands;
    results.insert(results.end(), states.begin(), states.end());
    later.insert(later.end(), states.begin(), states.end());
    s.run(Op::adam8bit_fused, operands, results, numbers, When::first_step);
    s.run(Op::adam8bit_fused, later, results, numbers, When::later_steps);
  }
}

}  // namespace

std::vector<Optimizer> adam8bit() {
  return {{"adam8bit",
           "AdamW with moments of 8 bit: half a copy of the weights",
           {{"lr", 0.01},
            {"beta1", 0.9, Values::from_0_below_1},
            {"beta2", 0.999, Values::from_0_below_1},
            {"eps", 1e-8},
            {"weight_decay", 0}},
           {Implementation::fused},
           write}};
}

}  // namespace memsweep::optimizers_in
