// Gradient rules of convolutional nets.
#include "harness/program/gradient_rules.h"

namespace memsweep::rules {

/// The columns that the input's gradient was made through serve the weight's as well.
void conv2d(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const BufferId grad = c.arriving(0);
  std::vector<BufferId> operands{grad, in[0]};
  if (c.needed(0)) {
    const auto made = c.emit(Op::conv2d_backward_input, {grad, in[1]});
    c.pass(0, made[0]);
    operands.push_back(made[1]);
  }
  if (in.size() == 3) c.pass(2, c.emit(Op::sum_channels, {grad})[0]);
  const auto kernel = static_cast<double>(c.type(in[1]).shape.columns());
  c.pass(1, c.emit(Op::conv2d_backward_weight, std::move(operands), {kernel})[0]);
  c.let_go({grad, in[0]});
}

void batch_norm(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const auto& out = c.forward().outputs;
  const auto grads = c.emit(Op::batch_norm_backward, {c.arriving(0), in[0], in[1], out[1], out[2]});
  for (std::size_t i = 0; i < grads.size(); ++i) c.pass(i, grads[i]);
}

void max_pool(GradientContext& c) {
  const Shape& image = c.type(c.forward().inputs[0]).shape;
  c.pass(0, c.emit(Op::max_pool_backward, {c.arriving(0), c.forward().outputs[1]},
                   {static_cast<double>(image[2]), static_cast<double>(image[3])})[0]);
}

}  // namespace memsweep::rules
