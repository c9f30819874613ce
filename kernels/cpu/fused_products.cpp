// Linear layers with the activation behind them: the bodies of both, one after the other, where the result
// lies. So they give the bits that the two ops give.
#include "kernels/cpu/bodies.h"
#include "kernels/cpu/declarations.h"

namespace memsweep::cpu {
namespace {

/// The product is written to the last result, and activated to the first, which may be the same.
void activate_product(const OpCall& call, const Views& views, Op op, Body activation) {
  const auto sum = views.outputs.last(1), result = views.outputs.first(1);
  const auto sum_type = call.outputs.last(1), result_type = call.outputs.first(1);
  addmm({Op::addmm, {}, call.inputs, sum_type}, {views.inputs, sum, views.workspaces});
  activation({op, {}, sum_type, result_type}, {sum, result, {}});
}

}  // namespace

void addmm_relu(const OpCall& call, const Views& views) { activate_product(call, views, Op::relu, relu); }

void addmm_gelu_tanh(const OpCall& call, const Views& views) {
  activate_product(call, views, Op::gelu_tanh, gelu_tanh);
}

}  // namespace memsweep::cpu
