// Gradient rules of convolutional nets.
#include "harness/program/gradient_rules.h"

namespace memsweep::rules {

/// The columns that the input's gradient was made through serve the weight's as well.
void conv2d(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const double stride = c.forward().attributes[0], padding = c.forward().attributes[1];
  const Shape& image = c.type(in[0]).shape;
  const double height = static_cast<double>(image[2]), width = static_cast<double>(image[3]);
  const BufferId grad = c.arriving(0);
  std::vector<BufferId> operands{grad, in[0]};
  if (c.needed(0)) {
    const auto made = c.emit(Op::conv2d_backward_input, {grad, in[1]}, {stride, padding, height, width});
    c.pass(0, made[0]);
    operands.push_back(made[1]);
  }
  if (in.size() == 3) c.pass(2, c.emit(Op::sum_channels, {grad})[0]);
  const auto kernel = static_cast<double>(c.type(in[1]).shape.columns());
  c.pass(1, c.emit(Op::conv2d_backward_weight, std::move(operands), {kernel, stride, padding})[0]);
  c.release({grad, in[0]});
}

/// Channels that lie side by side are summed before the input's gradient is made.
void batch_norm(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const auto& out = c.forward().outputs;
  const double training = c.forward().op == Op::batch_norm ? 1 : 0;
  const std::vector<BufferId> operands{c.arriving(0), in[0], in[1], out[1], out[2]};
  const Shape& x = c.type(in[0]).shape;
  if (x.elements() != x[0] * x[1]) {
    const auto grads = c.emit(Op::batch_norm_backward, operands, {training});
    for (std::size_t i = 0; i < grads.size(); ++i) c.pass(i, grads[i]);
    return;
  }
  const auto sums = c.emit(Op::batch_norm_sums, operands);
  auto with_sums = operands;
  with_sums.insert(with_sums.end(), {sums[0], sums[1]});
  c.pass(0, c.emit(Op::batch_norm_elements, std::move(with_sums), {training})[0]);
  c.pass(1, sums[2]);
  c.pass(2, sums[3]);
  c.release({sums[1], sums[0], operands[0], in[0], out[1], out[2]});
}

/// The node keeps its operand, too, though its gradient needs the index only.
void max_pool(GradientContext& c) {
  const BufferId image = c.forward().inputs[0], index = c.forward().outputs[1], grad = c.arriving(0);
  const Shape& shape = c.type(image).shape;
  c.pass(0, c.emit(Op::max_pool_backward, {grad, index},
                   {static_cast<double>(shape[2]), static_cast<double>(shape[3])})[0]);
  c.release({grad, image, index});
}

void mean_places(GradientContext& c) {
  const Shape& image = c.type(c.forward().inputs[0]).shape;
  c.pass(0, c.emit(Op::mean_places_backward, {c.arriving(0)},
                   {static_cast<double>(image[2]), static_cast<double>(image[3])})[0]);
}

}  // namespace memsweep::rules
