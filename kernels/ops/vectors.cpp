// Whole parameters and their state, as an optimizer updates them.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_adam_fused(Inputs in, Numbers numbers) {
  Types out(in.begin(), in.begin() + 3);
  if (numbers[5] != 0) out.push_back(in[3]);
  out.push_back(in.back());
  return out;
}

}  // namespace

std::vector<OpRow> vector_rows() {
  return {
      moving(Op::clone, "clone", 1, first),
      moving(Op::zeros_like, "zeros_like", 1, first),
      moving(Op::scale, "scale", 1, first, {"factor"}),
      moving(Op::axpby, "axpby", 2, same_as_both, {"a", "b"}),
      moving(Op::add_scaled, "add_scaled", 2, same_as_both, {"alpha"}),
      moving(Op::ema_square, "ema_square", 2, same_as_both, {"beta"}),
      moving(Op::maximum, "maximum", 2, same_as_both),
      moving(Op::sqrt, "sqrt", 1, first),
      moving(Op::adam_denominator, "adam_denominator", 1, first, {"beta2", "eps"}),
      moving(Op::adam_divisor, "adam_divisor", 1, first, {"beta2", "eps"}),
      moving(Op::adam_update, "adam_update", 3, first, {"lr", "beta1"}),
      moving(Op::adam_fused, "adam_fused", -1, infer_adam_fused,
             {"lr", "beta1", "beta2", "eps", "weight_decay", "amsgrad"}, -1),
      {Op::release, "release", -1, 0, {}, nothing, free_of_charge, no_workspace},
  };
}

}  // namespace memsweep::ops
