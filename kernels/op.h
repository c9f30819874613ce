// The op table: everything that is known about an op but its arithmetic.
//
// Ops have the grain of PyTorch's ATen ops, so that an eager program allocates what eager PyTorch
// allocates. A program and a device know an op by its row; each device holds one body per op.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"

namespace memsweep {

/// One name per row of the op table (kernels/ops). Outputs are listed in the order in
/// which PyTorch allocates them. B: rows of a batch; N, K: widths; [..]: any shape.
enum class Op : std::uint8_t {
  // Values from the counter-based generator (kernels/generator.h), from its element `first` on; set-up and
  // data.
  uniform,   // () -> x f32 [..]                 x = offset + scale * uniform
  integers,  // () -> y i64 [..]                 y = u24 mod modulus
  fill,      // () -> x f32 or boolean [..]      x = value
  tokens,  // () -> y i64 [B,T]                y = integers of a stream whose rows have T + 1, from `shift` on
  positions,    // () -> y i64 [..]              y = 0, 1, 2, ...
  causal_mask,  // () -> m boolean [T,T]         true above the diagonal: what a position must not see
  empty,        // () -> x [..]                  whatever lies there
  // Products. Weights are out x in, as in torch.nn.Linear.
  addmm,  // (x [B,K], w [N,K], bias [N]) -> [B,N]   x wT + bias
  mm,     // (a, b) -> a' b'                     ' = transposed where the attribute says so
  bmm,    // (a, b) -> a' b' for each head; operands and attributes: kernels/heads.h
  // A linear layer and the activation behind it in one. relu's gradient is had from the result. gelu's needs
  // the sum that went in, which is a second result where `keeps_sum` says so, as cuBLASLt's GELU_AUX stores
  // it: to keep it takes the memory that the two ops apart take, to compute it again one more product. The
  // gradient of the sum is made by the activation's own kernel, in the place of the result's: cuBLASLt's
  // epilogue for relu's gradient reads a bit mask, which would have to lie beside the result.
  addmm_relu,       // (x [B,K], w [N,K], bias [N]) -> relu(x wT + bias)
  addmm_gelu_tanh,  // (x [B,K], w [N,K], bias [N]) -> gelu_tanh(x wT + bias), [x wT + bias]
  // Element-wise activations and their gradients; the second input is what PyTorch saves.
  relu,
  relu_backward,  // (grad, output) -> grad
  gelu,
  gelu_backward,  // (grad, input) -> grad       erf form
  gelu_tanh,
  gelu_tanh_backward,  // (grad, input) -> grad
  silu,
  silu_backward,  // (grad, input) -> grad
  tanh,
  tanh_backward,  // (grad, output) -> grad
  sigmoid,
  sigmoid_backward,  // (grad, output) -> grad
  add,               // (a, b) -> a + b
  mul,               // (a, b) -> a * b
  add_broadcast,     // (x, y) -> x + y          y has the last extents of x, and is repeated along the rest
  masked_fill,       // (x [..,T,T], mask boolean [N,N]) -> x, and `value` where the mask's first T x T say so
  dropout,           // (x) -> mask boolean, y   y = mask ? x / (1 - p) : 0
  dropout_backward,  // (grad, mask) -> grad
  // Rows.
  layer_norm,            // (x [B,N], w [N], bias [N]) -> y [B,N], mean [B], rstd [B]
  layer_norm_backward,   // (grad, x, mean, rstd, w) -> dx [B,N], dw [N], dbias [N]
  sum_rows,              // (x [B,N]) -> [N]
  sum_repeats,           // (x [B,N]) -> [rows,N]     sum of each group of `rows` rows, place by place
  softmax,               // (x [..,N]) -> y
  softmax_backward,      // (grad, y) -> grad
  log_softmax,           // (x [B,N]) -> [B,N]
  log_softmax_backward,  // (grad, output) -> [B,N]
  nll_loss,              // (logp [B,N], target i64 [B]) -> loss, total_weight; mean over rows
  nll_loss_backward,     // (grad scalar, logp, target, total_weight) -> [B,N]
  // Embeddings.
  embedding,           // (w [V,N], ids i64 [..]) -> [indices,N]   of the first `indices` ids
  embedding_backward,  // (grad [B,N], ids) -> dw [V,N]            of the first B ids; where they are sorted,
                       //                                          by `all_bits` or those that V needs
  // Attention. Rows hold the heads of a token side by side; qkv has the queries, keys and values of all heads
  // in thirds of a row, and head-major tensors are [B,heads,T,size].
  split_thirds,        // (qkv) -> qkv                what is read from here on are its thirds, in place
  join_thirds,         // (dq, dk, dv) -> dqkv        each in rows or head-major
  heads,               // (x [BT,parts*C]) -> [B,heads,T,size]   one part of each row
  merge_heads,         // ([B,heads,T,size]) -> [BT,C]
  scale_third,         // (qkv) -> [BT,C]             factor * one third
  cast_third,          // (qkv) -> [BT,C]             one third, in another floating-point type
  attention,           // (qkv, [2 seeds]) -> y [BT,C], logsumexp [B,heads,T up to a multiple of 32]; causal
  attention_backward,  // (grad, qkv, y, logsumexp, delta, dq, dk, dv, [2 seeds, the last first]) -> dq, dk,
                       // dv
  flash_attention,     // (qkv) -> y [BT,C], logsumexp [B,heads,T], the generator's state i64 [2] and offset
                       // i64, [the state in its stead where something is dropped]
  flash_attention_backward,  // (grad, qkv, y, logsumexp, delta, dq, dk, dv, state, offset) -> dq, dk, dv
  attention_delta,           // (grad, y) -> f32 [B,heads,T up to a multiple of `group`]   sum of grad * y
  sum_heads,                 // (x [BT,C]) -> [BT,heads]
  // What PyTorch's unfused scaled_dot_product_attention makes of a causal mask and of rows that see nothing.
  lower_triangle,  // (x boolean [T,T]) -> x on and below the diagonal, else false
  where,           // (condition boolean [..], a scalar, b scalar) -> [..]
  equals,          // (x [..]) -> boolean [..]        x == value
  all_columns,     // (x boolean [..,N]) -> boolean [..]
  fill_rows,       // (y [..,N], rows boolean [..], value scalar) -> y
  // Images [N,channels,height,width]. Columns are the patches of one image under the kernel,
  // [channels * kernel area, height * width of the result].
  conv2d,                  // (x, w [O,C,k,k], [bias]) -> [N,O,height,width]
  conv2d_backward_input,   // (grad, w) -> dx, columns
  conv2d_backward_weight,  // (grad, x, [columns]) -> dw; columns is only a place to work in
  sum_channels,            // (x) -> [channels]
  batch_norm,           // (x [N,C] or images, w, bias, running mean, running variance, steps i64) -> y, mean,
                        // 1/deviation, and the last three
  batch_norm_frozen,    // (x, w, bias, running mean, running variance) -> y, that mean, that 1/deviation
  batch_norm_backward,  // (grad, x, w, mean, 1/deviation) -> dx, dw, dbias
  batch_norm_sums,      // (grad [N,C], x, w, mean, 1/deviation) -> sums of grad and of grad * (x - mean), dw,
                        // dbias
  batch_norm_elements,  // (grad [N,C], x, w, mean, 1/deviation, both sums) -> dx
  max_pool,             // (x) -> [N,C,height,width], index i64 of the largest in its channel
  max_pool_backward,    // (grad, index) -> dx
  mean_places,          // (x) -> [N,C]
  mean_places_backward,  // (grad [N,C]) -> dx
  // Vectors of an optimizer; the first operand is updated in place where the program names it as result.
  clone,        // (x) -> x
  transfer,     // (x) -> x                        between host and device
  zeros_like,   // (x) -> 0
  scale,        // (x) -> factor * x
  axpby,        // (y, x) -> a*y + b*x
  add_scaled,   // (x, y) -> x + alpha*y
  ema_square,   // (v, g) -> beta*v + (1 - beta)*g*g
  add_square,   // (s, g) -> s + value*g*g
  square,       // (x) -> x*x
  multiply,     // (x, y) -> x*y
  maximum,      // (w, v) -> max(w, v)
  magnitude,    // (x) -> |x| + eps
  sqrt,         // (x) -> sqrt(x)
  sqrt_sum,     // (x) -> sqrt(x + eps)
  add_product,  // (p, x, y) -> p + x*y
  rescale,      // (y, d, x) -> y / d * x
  divide_by,    // (y, divisor scalar) -> y / divisor
  power,        // (exponent scalar) -> base^exponent
  // Steps of optimizers; t is the number of the training step, from 1. A beta of 0 corrects nothing.
  adam_denominator,  // (v) -> sqrt(v) / sqrt(1 - beta2^t) + eps
  adam_divisor,      // (root) -> root / sqrt(1 - beta2^t) + eps
  descend,           // (p, x, d) -> p - lr / (1 - beta^t) / (1 + (t - 1)*decay) * x / d
  decayed_scale,     // (x) -> factor / (1 + (t - 1)*decay) * x
  nadam_step,        // (p, x, d) -> p - rate * x / d; of the gradient, or of the momentum (`next`)
  corrected,         // (m) -> m / (1 - beta^t)
  radam_factor,      // (v) -> what the momentum is multiplied with
  radam_scale,       // (x) -> x * sqrt(1 - beta2^t), or x * the rectification (`rectify`)
  lion_direction,    // (m, g) -> sign(beta1*m + (1 - beta1)*g)
  // Whole steps in one pass over memory. State that is not among the operands is born: the first step.
  sgd_fused,       // (p, g, momentum if any) -> p, momentum if any
  adam_fused,      // (p, m, v, largest v if amsgrad, g, step scalar) -> p, m, v, largest v if amsgrad, step
  lion_fused,      // (p, m, g) -> p, m
  adam8bit_fused,  // (p, g, signed book, unsigned book, state) -> p, state: u8 codes of m and v, [n/256]
                   // scales of m and v
  // Adafactor. g: [R,C].
  row_mean_squares,     // (g) -> [R,1]
  column_mean_squares,  // (g) -> [1,C]
  mean_at_least,        // (x) -> max(mean(x), least) [1,1]
  lerp_decayed,         // (y, x) -> y + t^decay * (x - y)
  adafactor_direction,  // (v, g) -> g / sqrt(max(v, eps^2))
  adafactor_step,       // (p, u) -> p decayed, minus u by a step that both their sizes decide
  // 8-bit vectors with a scale for each 256 values.
  code_book,   // () -> [256], ascending
  quantise,    // (x, book) -> codes u8 as x, scale [n/256]
  dequantise,  // (codes, scale, book) -> x
  // Precision. Types are attributes: the number of a DType.
  cast,               // (x) -> x in another floating-point type
  copy,               // (y, x) -> y               y = x, in y's type
  check_and_unscale,  // (x..., found scalar, factor scalar) -> x..., found   x *= factor; found = 1 if one is
                      //                                                     inf or NaN
  update_scale,       // (scale, tracker, found scalars) -> scale, tracker    the tracker counts steps without
  // Clipping of gradients: p-norms, p being infinite for the largest magnitude, and steps of scalars.
  norm,         // (x) -> scalar
  chunk_norms,  // (x...) -> partial [n,C], or packed: first_chunk i64 [n+1], partial [sum of chunks]
  join_norms,   // (partial f32), or (first_chunk, partial f32) -> a scalar for each x, of its type
  stack,        // (scalars...) -> [n]
  add_number,   // (x) -> x + value
  reciprocal,   // (x, f32 or f64) -> 1 / x
  clamp_max,    // (x) -> min(x, limit)
  scale_by,     // (y, factor scalar) -> y          y *= factor
  // Nothing is computed: somebody lets go of the inputs here, so they live at least so long.
  release,
};
inline constexpr std::size_t kOpCount = static_cast<std::size_t>(Op::release) + 1;

/// What a device is asked to do. Spans stay valid for the call only.
struct OpCall {
  Op op;
  std::span<const double> attributes;  // in the order of OpRow::attributes
  std::span<const TensorType> inputs;
  std::span<const TensorType> outputs;
  std::int64_t step = 1;  // training step, from 1: which batch is drawn, Adam's t
  bool tf32 = false;      // f32 products may read their operands with 10 bits of fraction

  /// The first N attributes, for structured bindings.
  template <std::size_t N>
  [[nodiscard]] std::array<double, N> numbers() const {
    std::array<double, N> values{};
    for (std::size_t i = 0; i < N; ++i) values[i] = attributes[i];
    return values;
  }
};

/// Where the operands lie; on a device that counts only, addresses that must not be followed.
struct Views {
  std::span<void* const> inputs;
  std::span<void* const> outputs;
  std::span<void* const> workspaces;               // in the order of OpRow::workspaces
  std::span<const std::size_t> workspace_bytes{};  // of each; empty where bodies know them
};

/// What a GPU is to the rules that size workspaces. Zero multiprocessors: no workspaces at all.
struct Multiprocessors {
  int count = 0;
  int threads_each = 2048;
};

enum class WorkspaceKind : std::uint8_t { cublas, cublaslt, partial_results, semaphores };

/// Memory a body borrows while it runs. Library workspaces have sizes of their own: bytes is 0.
struct Workspace {
  WorkspaceKind kind;
  std::size_t bytes = 0;
  /// How many of the last that were borrowed, this one among them, are given back before more is allocated.
  /// The rest is given back when the op is done. Bodies must not use what was given back.
  int given_back = 0;
  /// Borrowed before the op's results are allocated.
  bool before_results = false;
  /// Given back only when the operands that die with the op have.
  bool outlives_operands = false;
};

/// Arithmetic and memory traffic of a call, for the modelled clock.
struct Cost {
  double flops = 0;
  double bytes = 0;
  double link_bytes = 0;  // between host and device
};

struct OpRow {
  Op op;
  std::string_view name;
  int inputs;   // -1: any number
  int outputs;  // -1: any number
  std::vector<std::string_view> attributes;
  /// Result types from operand types; throws std::invalid_argument with a sentence on a mismatch.
  /// Null where nothing can be inferred (the generators: the program states the type).
  std::vector<TensorType> (*infer)(std::span<const TensorType> inputs, std::span<const double> attributes);
  Cost (*cost)(const OpCall& call);
  std::vector<Workspace> (*workspaces)(const OpCall& call, const Multiprocessors& gpu);
  bool product = false;  // of matrices, which tensor cores have rates of their own for
};

[[nodiscard]] const OpRow& row_of(Op op);

}  // namespace memsweep
