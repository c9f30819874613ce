// Gradient rules of attention. Where PyTorch's reshape makes a copy on the way back there is a visible op;
// where strides allow a view, the next op reads what is there.
#include "harness/program/gradient_rules.h"

namespace memsweep::rules {
namespace {

constexpr double kPlain = 0, kTransposed = 1, kWhole = -1;

/// Head-major and rows lie differently in memory.
bool layouts_differ(const Shape& head_major) { return head_major[1] > 1 && head_major[2] > 1; }

/// Of a product's result. Where batch and heads are not one stride apart in what arrives it is copied.
BufferId head_major_gradient(GradientContext& c) {
  const BufferId grad = c.arriving(0);
  const Shape& shape = c.type(c.forward().outputs[0]).shape;
  const bool copied = c.type(grad).shape.rank != shape.rank && shape[0] > 1 && layouts_differ(shape);
  if (!copied) return grad;
  const auto heads = static_cast<double>(shape[1]), length = static_cast<double>(shape[2]);
  const BufferId copy = c.emit(Op::heads, {grad}, {heads, length, 0, 1})[0];
  c.next_node();
  return copy;
}

void pass_third_or_whole(GradientContext& c, std::size_t input, BufferId gradient, double third) {
  c.pass(input, gradient, third < 0 ? 0 : static_cast<std::size_t>(third));
}

}  // namespace

/// The second factor's gradient is made first.
void bmm(GradientContext& c) {
  const auto& numbers = c.forward().attributes;
  const BufferId a = c.forward().inputs[0], b = c.forward().inputs[1], grad = head_major_gradient(c);
  const bool b_transposed = numbers[1] != 0;
  const double heads = numbers[2], length = numbers[3], third_a = numbers[4], third_b = numbers[5];
  const BufferId db =
      b_transposed ? c.emit(Op::bmm, {grad, a}, {kTransposed, kPlain, heads, length, kWhole, third_a, 0})[0]
                   : c.emit(Op::bmm, {a, grad}, {kTransposed, kPlain, heads, length, third_a, kWhole, 0})[0];
  const BufferId da =
      c.emit(Op::bmm, {grad, b},
             {kPlain, b_transposed ? kPlain : kTransposed, heads, length, kWhole, third_b, 0})[0];
  pass_third_or_whole(c, 0, da, third_a);
  pass_third_or_whole(c, 1, db, third_b);
}

/// Three views of one buffer: their gradients are brought in the order of its rows, values first, and put
/// side by side. That of the keys, made transposed, has strides that need no copy.
void split_thirds(GradientContext& c) {
  const auto in_rows = [&c](BufferId gradient) {
    const Shape& shape = c.type(gradient).shape;
    if (shape.rank != 4 || !layouts_differ(shape)) return gradient;
    const BufferId rows = c.emit(Op::merge_heads, {gradient})[0];
    c.next_node();
    return rows;
  };
  const BufferId v = in_rows(c.arriving(0, 2)), q = in_rows(c.arriving(0, 0));
  c.pass(0, c.emit(Op::join_thirds, {q, c.arriving(0, 1), v})[0]);
}

void heads(GradientContext& c) {
  c.pass(0, c.arriving(0), static_cast<std::size_t>(c.forward().attributes[2]));
}

/// What arrives are rows: a view will do, until a product reads it.
void merge_heads(GradientContext& c) { c.pass(0, c.arriving(0)); }

void scale_third(GradientContext& c) {
  const auto& numbers = c.forward().attributes;
  c.pass(0, c.emit(Op::scale, {c.arriving(0)}, {numbers[0]})[0], static_cast<std::size_t>(numbers[1]));
}

void masked_fill(GradientContext& c) {
  c.pass(0, c.emit(Op::masked_fill, {c.arriving(0), c.forward().inputs[1]}, {0})[0]);
}

/// No row of causal attention sees nothing.
void fill_rows(GradientContext& c) { c.pass(0, c.arriving(0)); }

void cast_third(GradientContext& c) {
  const BufferId grad = c.arriving(0);
  const auto type = static_cast<double>(c.type(c.forward().inputs[0]).dtype);
  c.pass(0, c.emit(Op::cast, {grad}, {type})[0], static_cast<std::size_t>(c.forward().attributes[1]));
}

namespace {

/// The sum of grad * y for each query and head. The kernels for 16 bit make it themselves.
BufferId delta_of(GradientContext& c) {
  const auto& numbers = c.forward().attributes;
  const BufferId grad = c.arriving(0), y = c.forward().outputs[0];
  if (c.type(y).dtype != DType::f32)
    return c.emit(Op::attention_delta, {grad, y}, {numbers[0], numbers[1], 1})[0];
  const BufferId product = c.emit(Op::mul, {grad, y})[0];
  BufferId delta = c.emit(Op::sum_heads, {product}, {numbers[0]})[0];
  if (numbers[0] > 1 && numbers[1] > 1) delta = c.emit(Op::heads, {delta}, {numbers[0], numbers[1], 0, 1})[0];
  c.next_node();
  return delta;
}

/// The gradients are allocated first, then delta. `saved` is what the node holds besides rows and logsumexp.
template <class MakeDelta>
void attention_node(GradientContext& c, Op backward, const std::vector<BufferId>& saved,
                    const MakeDelta& make_delta) {
  const BufferId grad = c.arriving(0), qkv = c.forward().inputs[0];
  const BufferId y = c.forward().outputs[0], logsumexp = c.forward().outputs[1];
  const TensorType rows = c.type(y);
  const BufferId dq = c.make(Op::empty, rows), dk = c.make(Op::empty, rows), dv = c.make(Op::empty, rows);
  const BufferId delta = make_delta();
  std::vector<BufferId> inputs{grad, qkv, y, logsumexp, delta, dq, dk, dv};
  inputs.insert(inputs.end(), saved.begin(), saved.end());
  c.emit_updating(backward, std::move(inputs), {dq, dk, dv}, c.forward().attributes);
  std::vector<BufferId> dying{grad, qkv, logsumexp, y};  // behind delta
  dying.insert(dying.end(), saved.begin(), saved.end());
  c.release(dying);
  c.pass(0, dq, 0);
  c.pass(0, dk, 1);
  c.pass(0, dv, 2);
}

}  // namespace

void attention(GradientContext& c) {
  const auto& in = c.forward().inputs;
  attention_node(c, Op::attention_backward, {in.rbegin(), in.rend() - 1}, [&c] { return delta_of(c); });
}

/// The kernel makes delta itself, of whole blocks of 128 queries.
void flash_attention(GradientContext& c) {
  constexpr double kQueries = 128;
  const auto& numbers = c.forward().attributes;
  const auto& out = c.forward().outputs;
  const BufferId state = numbers[2] > 0 ? out[4] : out[2];
  attention_node(c, Op::flash_attention_backward, {state, out[3]}, [&] {
    return c.emit(Op::attention_delta, {c.arriving(0), out[0]}, {numbers[0], numbers[1], kQueries})[0];
  });
}

}  // namespace memsweep::rules
