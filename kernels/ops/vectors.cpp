// Whole parameters and their state, element by element.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Cost by_results(const OpCall& call) {
  double bytes = 0;
  for (const auto& type : call.outputs) bytes += static_cast<double>(type.bytes());
  return {0, bytes};
}

/// The device's side of it is hidden behind the link.
Cost over_the_link(const OpCall& call) { return {.link_bytes = static_cast<double>(call.inputs[0].bytes())}; }

}  // namespace

std::vector<OpRow> vector_rows() {
  return {
      moving(Op::clone, "clone", 1, first),
      {Op::transfer, "transfer", 1, 1, {}, first, over_the_link, no_workspace},
      {Op::zeros_like, "zeros_like", 1, 1, {}, first, by_results, no_workspace},
      moving(Op::scale, "scale", 1, first, {"factor"}),
      moving(Op::axpby, "axpby", 2, same_as_both, {"a", "b"}),
      moving(Op::add_scaled, "add_scaled", 2, same_as_both, {"alpha"}),
      moving(Op::ema_square, "ema_square", 2, same_as_both, {"beta"}),
      moving(Op::add_square, "add_square", 2, same_as_both, {"value"}),
      moving(Op::square, "square", 1, first),
      moving(Op::multiply, "multiply", 2, same_as_both),
      moving(Op::maximum, "maximum", 2, same_as_both),
      moving(Op::magnitude, "magnitude", 1, first, {"eps"}),
      moving(Op::sqrt, "sqrt", 1, first),
      moving(Op::sqrt_sum, "sqrt_sum", 1, first, {"eps"}),
      moving(Op::add_product, "add_product", 3, same_as_all),
      moving(Op::rescale, "rescale", 3, same_as_all),
      moving(Op::divide_by, "divide_by", 2, first),
      moving(Op::power, "power", 1, first, {"base"}),
      {Op::release, "release", -1, 0, {}, nothing, free_of_charge, no_workspace},
  };
}

}  // namespace memsweep::ops
