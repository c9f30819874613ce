#include "kernels/op.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/norm_chunks.h"
#include "kernels/reduction.h"

namespace memsweep {
namespace {

using Types = std::vector<TensorType>;
using Inputs = std::span<const TensorType>;
using Numbers = std::span<const double>;

/// Throws the sentence, its places filled with the shapes; they become text only then.
template <typename... Shapes>
void expect(bool holds, fmt::format_string<decltype(to_string(std::declval<Shapes>()))...> sentence,
            const Shapes&... shapes) {
  if (!holds) throw std::invalid_argument(fmt::format(sentence, to_string(shapes)...));
}

// Result types ------------------------------------------------------------------------------------

Types first(Inputs in, Numbers) { return {in[0]}; }

Types nothing(Inputs, Numbers) { return {}; }

Types same_as_both(Inputs in, Numbers) {
  expect(in[0] == in[1], "operands must have one shape, not {} and {}", in[0].shape, in[1].shape);
  return {in[0]};
}

Types infer_addmm(Inputs in, Numbers) {
  const auto &x = in[0].shape, &w = in[1].shape;
  expect(x.rank == 2 && w.rank == 2 && x[1] == w[1], "a linear layer of weight {} cannot take {}", w, x);
  expect(in[2].shape == Shape{w[0]}, "a bias has one value per output");
  return {{{x[0], w[0]}, in[0].dtype}};
}

Types infer_mm(Inputs in, Numbers transpose) {
  const auto &a = in[0].shape, &b = in[1].shape;
  expect(a.rank == 2 && b.rank == 2, "a product takes two matrices");
  const std::int64_t m = transpose[0] != 0 ? a[1] : a[0], k = transpose[0] != 0 ? a[0] : a[1];
  const std::int64_t n = transpose[1] != 0 ? b[0] : b[1], kb = transpose[1] != 0 ? b[1] : b[0];
  expect(k == kb, "a product of {} and {} does not fit", a, b);
  return {{{m, n}, in[0].dtype}};
}

Types infer_dropout(Inputs in, Numbers) { return {{in[0].shape, DType::boolean}, in[0]}; }

Types infer_layer_norm(Inputs in, Numbers) {
  expect(in[1].shape == Shape{in[0].shape.columns()}, "a layer norm has one weight per column");
  const TensorType per_row{{in[0].shape.rows()}, DType::f32};
  return {in[0], per_row, per_row};
}

Types infer_layer_norm_backward(Inputs in, Numbers) { return {in[0], in[4], in[4]}; }

Types infer_sum_rows(Inputs in, Numbers) { return {{{in[0].shape.columns()}, in[0].dtype}}; }

Types infer_nll_loss(Inputs in, Numbers) {
  expect(in[1].dtype == DType::i64 && in[1].shape.elements() == in[0].shape.rows(), "one target per row");
  return {{{}, DType::f32}, {{}, DType::f32}};
}

Types second(Inputs in, Numbers) { return {in[1]}; }

Types infer_adam_fused(Inputs in, Numbers numbers) {
  Types out(in.begin(), in.begin() + 3);
  if (numbers[5] != 0) out.push_back(in[3]);
  out.push_back(in.back());
  return out;
}

const TensorType kScalar{{}, DType::f32};

Types scalar(Inputs, Numbers) { return {kScalar}; }

/// Padded, each operand has as many chunks as the largest; packed, its own.
Types infer_chunk_norms(Inputs in, Numbers numbers) {
  expect(!in.empty(), "there is no norm of nothing");
  const auto n = static_cast<std::int64_t>(in.size());
  std::int64_t all = 0, most = 0;
  for (const auto& type : in) {
    const std::int64_t chunks = norm_chunks(type.shape.elements());
    all += chunks;
    most = std::max(most, chunks);
  }
  if (numbers[1] == 0) return {{{n, most}, DType::f32}};
  return {{{n + 1}, DType::i64}, {{all}, DType::f32}};
}

Types infer_join_norms(Inputs in, Numbers) {
  const auto rows = in[0].shape[0] - (in.size() == 2 ? 1 : 0);
  return Types(static_cast<std::size_t>(rows), kScalar);
}

Types infer_stack(Inputs in, Numbers) { return {{{static_cast<std::int64_t>(in.size())}, DType::f32}}; }

// Cost --------------------------------------------------------------------------------------------

double traffic(const OpCall& call) {
  double bytes = 0;
  for (const auto& type : call.inputs) bytes += static_cast<double>(type.bytes());
  for (const auto& type : call.outputs) bytes += static_cast<double>(type.bytes());
  return bytes;
}

/// Bytes decide; one operation for each element moved is near enough where they do.
Cost by_traffic(const OpCall& call) { return {traffic(call) / 4, traffic(call)}; }

Cost free_of_charge(const OpCall&) { return {}; }

Cost by_product(const OpCall& call) {
  const bool transposed = call.op == Op::mm && call.attributes[0] != 0;
  const double inner = static_cast<double>(call.inputs[0].shape[transposed ? 0 : 1]);
  return {2 * inner * static_cast<double>(call.outputs[0].shape.elements()), traffic(call)};
}

// Workspaces --------------------------------------------------------------------------------------

using Workspaces = std::vector<Workspace>;

Workspaces no_workspace(const OpCall&, const Multiprocessors&) { return {}; }

/// A product with a bias goes through cuBLASLt unless the result is one column wide
/// (caching-allocator behaviour of PyTorch 2.11 to 2.15, recorded in tests/golden/pytorch).
Workspaces addmm_workspace(const OpCall& call, const Multiprocessors&) {
  const bool single_column = call.outputs[0].shape.columns() == 1;
  return {{single_column ? WorkspaceKind::cublas : WorkspaceKind::cublaslt}};
}

Workspaces product_workspace(const OpCall&, const Multiprocessors&) { return {{WorkspaceKind::cublas}}; }

void append_reduction(Workspaces& list, std::int64_t rows, std::int64_t columns, const Multiprocessors& gpu) {
  const auto [partial, semaphores] = reduction_workspace(rows, columns, gpu);
  if (partial == 0) return;
  list.push_back({WorkspaceKind::partial_results, partial});
  list.push_back({WorkspaceKind::semaphores, semaphores});
}

Workspaces sum_rows_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.rows(), call.inputs[0].shape.columns(), gpu);
  return list;
}

Workspaces norm_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.elements(), 1, gpu);
  return list;
}

/// Above 65,536 rows the weight and bias gradients go through per-block sums first
/// (aten/src/ATen/native/cuda/layer_norm_kernel.cu).
Workspaces layer_norm_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  constexpr std::int64_t kManyRows = 65'536, kRowsPerBlock = 32, kBlockValues = 1 << 20;
  const std::int64_t rows = call.inputs[0].shape.rows(), columns = call.inputs[0].shape.columns();
  if (gpu.count == 0 || rows <= kManyRows) return {};
  const std::int64_t blocks = std::min((rows + kRowsPerBlock - 1) / kRowsPerBlock, kBlockValues / columns);
  const std::size_t bytes = 4 * static_cast<std::size_t>(blocks * columns);
  Workspaces list{{WorkspaceKind::partial_results, bytes}, {WorkspaceKind::partial_results, bytes}};
  append_reduction(list, blocks, columns, gpu);
  return list;
}

// The table ---------------------------------------------------------------------------------------

const std::vector<std::string_view> kDrawn{"seed", "id", "id_stride", "batches", "first"};

std::vector<std::string_view> drawn_and(std::initializer_list<std::string_view> more) {
  auto names = kDrawn;
  names.insert(names.end(), more);
  return names;
}

OpRow generator(Op op, std::string_view name, std::vector<std::string_view> attributes) {
  return {op, name, 0, 1, std::move(attributes), nullptr, by_traffic, no_workspace};
}

OpRow moving(Op op, std::string_view name, int inputs, Types (*infer)(Inputs, Numbers),
             std::vector<std::string_view> attributes = {}, int outputs = 1) {
  return {op, name, inputs, outputs, std::move(attributes), infer, by_traffic, no_workspace};
}

std::vector<OpRow> make_table() {
  return {
      generator(Op::uniform, "uniform", drawn_and({"scale", "offset"})),
      generator(Op::integers, "integers", drawn_and({"modulus"})),
      generator(Op::fill, "fill", {"value"}),
      {Op::addmm, "addmm", 3, 1, {}, infer_addmm, by_product, addmm_workspace},
      {Op::mm, "mm", 2, 1, {"transpose_a", "transpose_b"}, infer_mm, by_product, product_workspace},
      moving(Op::relu, "relu", 1, first),
      moving(Op::relu_backward, "relu_backward", 2, same_as_both),
      moving(Op::gelu, "gelu", 1, first),
      moving(Op::gelu_backward, "gelu_backward", 2, same_as_both),
      moving(Op::gelu_tanh, "gelu_tanh", 1, first),
      moving(Op::gelu_tanh_backward, "gelu_tanh_backward", 2, same_as_both),
      moving(Op::silu, "silu", 1, first),
      moving(Op::silu_backward, "silu_backward", 2, same_as_both),
      moving(Op::tanh, "tanh", 1, first),
      moving(Op::tanh_backward, "tanh_backward", 2, same_as_both),
      moving(Op::sigmoid, "sigmoid", 1, first),
      moving(Op::sigmoid_backward, "sigmoid_backward", 2, same_as_both),
      moving(Op::add, "add", 2, same_as_both),
      moving(
          Op::dropout, "dropout", 1, infer_dropout,
          [] {
            std::vector<std::string_view> names{"p"};
            names.insert(names.end(), kDrawn.begin(), kDrawn.end());
            return names;
          }(),
          2),
      moving(Op::dropout_backward, "dropout_backward", 2, first, {"p"}),
      moving(Op::layer_norm, "layer_norm", 3, infer_layer_norm, {"eps"}, 3),
      {Op::layer_norm_backward,
       "layer_norm_backward",
       5,
       3,
       {},
       infer_layer_norm_backward,
       by_traffic,
       layer_norm_backward_workspace},
      {Op::sum_rows, "sum_rows", 1, 1, {}, infer_sum_rows, by_traffic, sum_rows_workspace},
      moving(Op::log_softmax, "log_softmax", 1, first),
      moving(Op::log_softmax_backward, "log_softmax_backward", 2, same_as_both),
      moving(Op::nll_loss, "nll_loss", 2, infer_nll_loss, {}, 2),
      moving(Op::nll_loss_backward, "nll_loss_backward", 4, second),
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
      {Op::norm, "norm", 1, 1, {"p"}, scalar, by_traffic, norm_workspace},
      moving(Op::chunk_norms, "chunk_norms", -1, infer_chunk_norms, {"p", "packed"}, -1),
      moving(Op::join_norms, "join_norms", -1, infer_join_norms, {"p"}, -1),
      moving(Op::stack, "stack", -1, infer_stack),
      moving(Op::add_number, "add_number", 1, first, {"value"}),
      moving(Op::reciprocal, "reciprocal", 1, first),
      moving(Op::clamp_max, "clamp_max", 1, first, {"limit"}),
      moving(Op::scale_by, "scale_by", 2, first),
      {Op::release, "release", -1, 0, {}, nothing, free_of_charge, no_workspace},
  };
}

}  // namespace

const OpRow& row_of(Op op) {
  static const std::vector<OpRow> table = [] {
    auto rows = make_table();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      expect(static_cast<std::size_t>(rows[i].op) == i, "the op table is in the order of Op");
    }
    expect(rows.size() == kOpCount, "every op has a row");
    return rows;
  }();
  return table[static_cast<std::size_t>(op)];
}

}  // namespace memsweep
