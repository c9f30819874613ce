// Steps of optimizers, in parts and whole.
#include "kernels/block_scales.h"
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

enum SgdFused { kMomentum = 1 };
enum AdamFused { kAmsgrad = 5 };

Types infer_sgd_fused(Inputs in, Numbers numbers) {
  expect(in.size() == 2 || (in.size() == 3 && numbers[kMomentum] != 0), "SGD takes a weight and a gradient");
  expect(in[0] == in[1], "a weight {} and a gradient {} do not fit", in[0].shape, in[1].shape);
  return numbers[kMomentum] != 0 ? Types{in[0], in[0]} : Types{in[0]};
}

Types infer_adam_fused(Inputs in, Numbers numbers) {
  const std::size_t vectors = numbers[kAmsgrad] != 0 ? 4 : 3;
  expect(in.size() == vectors + 2, "Adam takes a weight, its moments, a gradient and a step count");
  Types out(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(vectors));
  out.push_back(in.back());
  return out;
}

Types infer_lion_fused(Inputs in, Numbers) { return {in[0], in[1]}; }

TensorType codes_of(const TensorType& x) { return {x.shape, DType::u8}; }

TensorType scales_of(const TensorType& x) { return {{scale_blocks(x.shape.elements())}, DType::f32}; }

Types infer_adam8bit_fused(Inputs in, Numbers) {
  expect(in.size() == 4 || in.size() == 8,
         "8-bit Adam takes a weight, a gradient, two books and four states");
  return {in[0], codes_of(in[0]), codes_of(in[0]), scales_of(in[0]), scales_of(in[0])};
}

Types infer_code_book(Inputs, Numbers) { return {{{kCodes}, DType::f32}}; }

Types infer_quantise(Inputs in, Numbers) { return {codes_of(in[0]), scales_of(in[0])}; }

Types infer_dequantise(Inputs in, Numbers) {
  expect(in[1] == scales_of(in[0]), "codes {} and scales {} do not fit", in[0].shape, in[1].shape);
  return {{in[0].shape, DType::f32}};
}

}  // namespace

std::vector<OpRow> optimizer_rows() {
  return {
      moving(Op::adam_denominator, "adam_denominator", 1, first, {"beta2", "eps"}),
      moving(Op::adam_divisor, "adam_divisor", 1, first, {"beta2", "eps"}),
      moving(Op::descend, "descend", 3, same_as_all, {"lr", "beta", "decay"}),
      moving(Op::decayed_scale, "decayed_scale", 1, first, {"factor", "decay"}),
      moving(Op::nadam_step, "nadam_step", 3, same_as_all, {"lr", "beta1", "momentum_decay", "next"}),
      moving(Op::corrected, "corrected", 1, first, {"beta"}),
      moving(Op::radam_factor, "radam_factor", 1, first, {"lr", "beta1", "beta2", "eps"}),
      moving(Op::radam_scale, "radam_scale", 1, first, {"beta2", "rectify"}),
      moving(Op::lion_direction, "lion_direction", 2, same_as_both, {"beta1"}),
      moving(Op::sgd_fused, "sgd_fused", -1, infer_sgd_fused,
             {"lr", "momentum", "dampening", "nesterov", "weight_decay", "maximize"}, -1),
      moving(Op::adam_fused, "adam_fused", -1, infer_adam_fused,
             {"lr", "beta1", "beta2", "eps", "weight_decay", "amsgrad", "decoupled", "maximize"}, -1),
      moving(Op::lion_fused, "lion_fused", 3, infer_lion_fused, {"lr", "beta1", "beta2", "weight_decay"}, 2),
      moving(Op::adam8bit_fused, "adam8bit_fused", -1, infer_adam8bit_fused,
             {"lr", "beta1", "beta2", "eps", "weight_decay"}, 5),
      moving(Op::code_book, "code_book", 0, infer_code_book, {"signed"}),
      moving(Op::quantise, "quantise", 2, infer_quantise, {}, 2),
      moving(Op::dequantise, "dequantise", 3, infer_dequantise),
  };
}

}  // namespace memsweep::ops
