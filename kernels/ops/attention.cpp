// Attention: the layouts of heads, and attention as one op.
#include "kernels/heads.h"
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

std::int64_t whole(double number) { return static_cast<std::int64_t>(number); }

Types infer_heads(Inputs in, Numbers numbers) {
  const auto m = HeadMatrices::in_rows(in[0].shape, whole(numbers[0]), whole(numbers[1]), whole(numbers[2]),
                                       whole(numbers[3]));
  return {{{m.batch, m.heads, m.length, m.size}, in[0].dtype}};
}

Types infer_merge_heads(Inputs in, Numbers) {
  const Shape& x = in[0].shape;
  expect(x.rank == 4, "{} is not head-major", x);
  return {{{x[0] * x[2], x[1] * x[3]}, in[0].dtype}};
}

Types infer_join_thirds(Inputs in, Numbers) {
  const Shape& q = in[0].shape;
  const std::int64_t rows = q.rank == 4 ? q[0] * q[2] : q[0];
  expect(q.elements() == in[1].shape.elements() && q.elements() == in[2].shape.elements(),
         "thirds have one size, not {}, {} and {}", q, in[1].shape, in[2].shape);
  return {{{rows, 3 * q.elements() / rows}, in[0].dtype}};
}

Types infer_third(Inputs in, Numbers) { return {{{in[0].shape[0], in[0].shape[1] / 3}, in[0].dtype}}; }

/// The kernel writes the logsumexp of whole groups of 32 queries.
Types infer_attention(Inputs in, Numbers numbers) {
  constexpr std::int64_t kGroup = 32;
  const auto q = HeadMatrices::in_rows(in[0].shape, whole(numbers[0]), whole(numbers[1]), 0, 3);
  const std::int64_t padded = (q.length + kGroup - 1) / kGroup * kGroup;
  return {{{in[0].shape[0], q.heads * q.size}, in[0].dtype}, {{q.batch, q.heads, padded}, DType::f32}};
}

Types infer_attention_backward(Inputs in, Numbers) { return {in[5], in[6], in[7]}; }

Types infer_sum_heads(Inputs in, Numbers numbers) {
  return {{{in[0].shape[0], whole(numbers[0])}, in[0].dtype}};
}

Types infer_where(Inputs in, Numbers) { return {{in[0].shape, in[1].dtype}}; }

Types infer_equals(Inputs in, Numbers) { return {{in[0].shape, DType::boolean}}; }

Types infer_all_columns(Inputs in, Numbers) {
  Shape rows = in[0].shape;
  rows.extents[static_cast<std::size_t>(--rows.rank)] = 0;
  return {{rows, DType::boolean}};
}

/// Products of queries and keys, and of weights and values; half of each lies above the diagonal.
Cost attention_cost(const OpCall& call, double products) {
  const auto q = HeadMatrices::in_rows(call.inputs[call.op == Op::attention ? 0 : 1].shape,
                                       whole(call.attributes[0]), whole(call.attributes[1]), 0, 3);
  const double pairs = static_cast<double>(q.count() * q.length) * static_cast<double>(q.length) / 2;
  return {products * 2 * pairs * static_cast<double>(q.size), traffic(call)};
}
Cost forward_cost(const OpCall& call) { return attention_cost(call, 2); }
Cost backward_cost(const OpCall& call) { return attention_cost(call, 5); }

/// Where the gradients of queries are added up: for each head, tiles of 64 x 64 f32 and 16 bytes of locks
/// (aten/src/ATen/native/transformers/cuda/mem_eff_attention/kernel_backward.h).
Workspaces attention_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  constexpr std::int64_t kTile = 64, kTileBytes = 4 * kTile * kTile + 16;
  if (gpu.count == 0) return {};
  const auto q =
      HeadMatrices::in_rows(call.inputs[1].shape, whole(call.attributes[0]), whole(call.attributes[1]), 0, 3);
  const std::int64_t tiles = ((q.length + kTile - 1) / kTile) * ((q.size + kTile - 1) / kTile);
  return {{WorkspaceKind::partial_results, static_cast<std::size_t>(q.count() * tiles * kTileBytes)}};
}

const std::vector<std::string_view> kAttention{"heads", "length",    "p",       "seed",
                                               "id",    "id_stride", "batches", "first"};

}  // namespace

std::vector<OpRow> attention_rows() {
  return {
      {Op::split_thirds, "split_thirds", 1, 1, {}, first, free_of_charge, no_workspace},
      moving(Op::join_thirds, "join_thirds", 3, infer_join_thirds),
      moving(Op::heads, "heads", 1, infer_heads, {"heads", "length", "part", "parts"}),
      moving(Op::merge_heads, "merge_heads", 1, infer_merge_heads),
      moving(Op::scale_third, "scale_third", 1, infer_third, {"factor", "third"}),
      {Op::attention, "attention", -1, 2, kAttention, infer_attention, forward_cost, no_workspace},
      {Op::attention_backward, "attention_backward", -1, 3, kAttention, infer_attention_backward,
       backward_cost, attention_backward_workspace},
      moving(Op::sum_heads, "sum_heads", 1, infer_sum_heads, {"heads"}),
      moving(Op::lower_triangle, "lower_triangle", 1, first),
      moving(Op::where, "where", 3, infer_where),
      moving(Op::equals, "equals", 1, infer_equals, {"value"}),
      moving(Op::all_columns, "all_columns", 1, infer_all_columns),
      moving(Op::fill_rows, "fill_rows", 3, first),
  };
}

}  // namespace memsweep::ops
