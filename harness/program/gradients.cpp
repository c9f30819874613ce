#include "harness/program/gradients.h"

#include <optional>

#include "harness/program/gradient_rules.h"

namespace memsweep {
namespace {

constexpr double kPlain = 0, kTransposed = 1;

/// Gradient from what arrives and from the op's own result.
template <Op Backward>
void from_output(GradientContext& c) {
  c.pass(0, c.emit(Backward, {c.arriving(0), c.forward().outputs[0]})[0]);
}

/// Gradient from what arrives and from the op's operand.
template <Op Backward>
void from_input(GradientContext& c) {
  c.pass(0, c.emit(Backward, {c.arriving(0), c.forward().inputs[0]})[0]);
}

/// The weight's gradient has a transposition to go through, and so arrives after the bias'.
void linear(GradientContext& c, BufferId grad) {
  const BufferId x = c.forward().inputs[0], w = c.forward().inputs[1];
  if (c.needed(0)) c.pass(0, c.emit(Op::mm, {grad, w}, {kPlain, kPlain})[0]);
  std::optional<BufferId> of_weight;
  if (c.needed(1)) of_weight = c.emit(Op::mm, {grad, x}, {kTransposed, kPlain})[0];
  if (c.needed(2)) c.pass(2, c.emit(Op::sum_rows, {grad})[0]);
  if (of_weight) c.pass(1, *of_weight);
}

void addmm(GradientContext& c) { linear(c, c.arriving(0)); }

/// The sum's gradient takes the place of the result's. It is a node of its own, so that what it read dies
/// before the products are made.
template <Op Backward>
void activated_linear(GradientContext& c, BufferId saved) {
  BufferId grad = c.arriving(0);
  if (c.owned(grad)) {
    c.emit_updating(Backward, {grad, saved}, {grad}, {});
  } else {
    grad = c.emit(Backward, {grad, saved})[0];
  }
  c.next_node();
  linear(c, grad);
}

void addmm_relu(GradientContext& c) { activated_linear<Op::relu_backward>(c, c.forward().outputs[0]); }

void addmm_gelu_tanh(GradientContext& c) {
  activated_linear<Op::gelu_tanh_backward>(c, c.forward().outputs.at(1));
}

/// Only x wT, the linear layer without a bias: its node makes the weight's gradient first.
void mm(GradientContext& c) {
  const BufferId x = c.forward().inputs[0], w = c.forward().inputs[1], grad = c.arriving(0);
  if (c.needed(1)) c.pass(1, c.emit(Op::mm, {grad, x}, {kTransposed, kPlain})[0]);
  if (c.needed(0)) c.pass(0, c.emit(Op::mm, {grad, w}, {kPlain, kPlain})[0]);
}

/// The gradient of an input has the input's type.
void pass_cast(GradientContext& c, std::size_t input, BufferId gradient) {
  const DType type = c.type(c.forward().inputs[input]).dtype;
  if (c.type(gradient).dtype != type) gradient = c.emit(Op::cast, {gradient}, {static_cast<double>(type)})[0];
  c.pass(input, gradient);
}

void add(GradientContext& c) {
  for (std::size_t i : {0u, 1u}) {
    if (c.needed(i)) pass_cast(c, i, c.arriving(0));
  }
}

void cast(GradientContext& c) { pass_cast(c, 0, c.arriving(0)); }

void scale_by(GradientContext& c) {
  pass_cast(c, 0, c.emit(Op::scale_by, {c.arriving(0), c.forward().inputs[1]})[0]);
}

void scale(GradientContext& c) { c.pass(0, c.emit(Op::scale, {c.arriving(0)}, c.forward().attributes)[0]); }

void dropout(GradientContext& c) {
  c.pass(0, c.emit(Op::dropout_backward, {c.arriving(1), c.forward().outputs[0]},
                   {c.forward().attributes[0]})[0]);
}

void layer_norm(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const auto& out = c.forward().outputs;
  const auto grads = c.emit(Op::layer_norm_backward, {c.arriving(0), in[0], out[1], out[2], in[1]});
  for (std::size_t i = 0; i < grads.size(); ++i) c.pass(i, grads[i]);
}

void add_broadcast(GradientContext& c) {
  c.pass(0, c.arriving(0));
  if (!c.needed(1)) return;
  const auto rows = static_cast<double>(c.type(c.forward().inputs[1]).shape.rows());
  c.pass(1, c.emit(Op::sum_repeats, {c.arriving(0)}, {rows})[0]);
}

void embedding(GradientContext& c) {
  const auto& in = c.forward().inputs;
  const auto rows = static_cast<double>(c.type(in[0]).shape[0]);
  c.pass(0, c.emit(Op::embedding_backward, {c.arriving(0), in[1]}, {rows, c.forward().attributes[1]})[0]);
}

void nll_loss(GradientContext& c) {
  const auto& in = c.forward().inputs;
  c.pass(0, c.emit(Op::nll_loss_backward, {c.arriving(0), in[0], in[1], c.forward().outputs[1]})[0]);
}

}  // namespace

GradientRule gradient_rule(Op op) {
  switch (op) {
    case Op::addmm: return addmm;
    case Op::mm: return mm;
    case Op::addmm_relu: return addmm_relu;
    case Op::addmm_gelu_tanh: return addmm_gelu_tanh;
    case Op::relu: return from_output<Op::relu_backward>;
    case Op::gelu: return from_input<Op::gelu_backward>;
    case Op::gelu_tanh: return from_input<Op::gelu_tanh_backward>;
    case Op::silu: return from_input<Op::silu_backward>;
    case Op::tanh: return from_output<Op::tanh_backward>;
    case Op::sigmoid: return from_output<Op::sigmoid_backward>;
    case Op::add: return add;
    case Op::add_broadcast: return add_broadcast;
    case Op::scale: return scale;
    case Op::scale_by: return scale_by;
    case Op::cast: return cast;
    case Op::embedding: return embedding;
    case Op::bmm: return rules::bmm;
    case Op::split_thirds: return rules::split_thirds;
    case Op::heads: return rules::heads;
    case Op::merge_heads: return rules::merge_heads;
    case Op::scale_third: return rules::scale_third;
    case Op::masked_fill: return rules::masked_fill;
    case Op::fill_rows: return rules::fill_rows;
    case Op::cast_third: return rules::cast_third;
    case Op::attention: return rules::attention;
    case Op::flash_attention: return rules::flash_attention;
    case Op::softmax: return from_output<Op::softmax_backward>;
    case Op::conv2d: return rules::conv2d;
    case Op::batch_norm:
    case Op::batch_norm_frozen: return rules::batch_norm;
    case Op::max_pool: return rules::max_pool;
    case Op::mean_places: return rules::mean_places;
    case Op::dropout: return dropout;
    case Op::layer_norm: return layer_norm;
    case Op::log_softmax: return from_output<Op::log_softmax_backward>;
    case Op::nll_loss: return nll_loss;
    default: return nullptr;
  }
}

}  // namespace memsweep
