// Attention: the layouts of heads, and attention as one op.
#include <algorithm>
#include <cmath>

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

Types infer_cast_third(Inputs in, Numbers numbers) {
  return {{{in[0].shape[0], in[0].shape[1] / 3}, static_cast<DType>(numbers[0])}};
}

std::int64_t up_to(std::int64_t number, std::int64_t multiple) {
  return (number + multiple - 1) / multiple * multiple;
}

HeadMatrices queries(const Shape& qkv, Numbers numbers) {
  return HeadMatrices::in_rows(qkv, whole(numbers[0]), whole(numbers[1]), 0, 3);
}

/// y, and the logsumexp of whole groups of queries.
Types attended(const TensorType& qkv, Numbers numbers, std::int64_t group) {
  const auto q = queries(qkv.shape, numbers);
  return {{{qkv.shape[0], q.heads * q.size}, qkv.dtype},
          {{q.batch, q.heads, up_to(q.length, group)}, DType::f32}};
}

/// The kernel writes the logsumexp of whole groups of 32 queries.
Types infer_attention(Inputs in, Numbers numbers) { return attended(in[0], numbers, 32); }

/// A generator's state is made in any case, and replaced where something is drawn.
Types infer_flash_attention(Inputs in, Numbers numbers) {
  const TensorType state{{2}, DType::i64}, offset{{}, DType::i64};
  Types types = attended(in[0], numbers, 1);
  types.insert(types.end(), {state, offset});
  if (numbers[2] > 0) types.push_back(state);
  return types;
}

Types infer_attention_delta(Inputs in, Numbers numbers) {
  const auto rows = HeadMatrices::in_rows(in[1].shape, whole(numbers[0]), whole(numbers[1]), 0, 1);
  return {{{rows.batch, rows.heads, up_to(rows.length, whole(numbers[2]))}, DType::f32}};
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
  const bool backward = call.op == Op::attention_backward || call.op == Op::flash_attention_backward;
  const auto q = queries(call.inputs[backward ? 1 : 0].shape, call.attributes);
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
  const auto q = queries(call.inputs[1].shape, call.attributes);
  const std::int64_t tiles = ((q.length + kTile - 1) / kTile) * ((q.size + kTile - 1) / kTile);
  return {{.kind = WorkspaceKind::partial_results,
           .bytes = static_cast<std::size_t>(q.count() * tiles * kTileBytes),
           .outlives_operands = true}};
}

std::int64_t groups_of(std::int64_t number, std::int64_t size) { return (number + size - 1) / size; }

/// The smallest number of parts of the keys that gives the GPU nearly as much to do as the best one.
std::int64_t best_split(std::int64_t blocks, std::int64_t places, std::int64_t key_blocks) {
  constexpr std::int64_t kMostSplits = 128;
  if (static_cast<double>(blocks) >= 0.8 * static_cast<double>(places)) return 1;
  const auto differs = [=](std::int64_t splits) {
    return splits == 1 || groups_of(key_blocks, splits) != groups_of(key_blocks, splits - 1);
  };
  const auto efficiency = [=](std::int64_t splits) {
    const double waves = static_cast<double>(blocks * splits) / static_cast<double>(places);
    return waves / std::ceil(waves);
  };
  const std::int64_t most = std::min({kMostSplits, places, key_blocks});
  double best = 0;
  for (std::int64_t splits = 1; splits <= most; ++splits)
    if (differs(splits)) best = std::max(best, efficiency(splits));
  for (std::int64_t splits = 1; splits <= most; ++splits)
    if (differs(splits) && efficiency(splits) >= 0.85 * best) return splits;
  return 1;
}

std::int64_t rounded_head(std::int64_t size) { return up_to(size, size <= 128 ? 32 : 64); }

/// Few heads do not fill a GPU. Without dropout the keys are then split, and each part's results are held in
/// f32 (aten/src/ATen/native/transformers/cuda/flash_attn/flash_api.cpp).
Workspaces flash_workspace(const OpCall& call, const Multiprocessors& gpu) {
  if (gpu.count == 0 || call.attributes[2] > 0) return {};
  constexpr std::int64_t kQueries = 64;
  const auto q = queries(call.inputs[0].shape, call.attributes);
  const std::int64_t keys = q.size <= 64 ? 256 : (q.size <= 128 ? 128 : 64);
  const std::int64_t splits =
      best_split(q.count() * groups_of(q.length, kQueries), 2 * gpu.count, groups_of(q.length, keys));
  if (splits == 1) return {};
  const auto values = static_cast<std::size_t>(splits * q.count() * q.length);
  return {{WorkspaceKind::partial_results, 4 * values},
          {WorkspaceKind::partial_results, 4 * values * static_cast<std::size_t>(rounded_head(q.size))}};
}

/// The gradients of queries are added up in f32, in blocks of 128.
Workspaces flash_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  if (gpu.count == 0) return {};
  const auto q = queries(call.inputs[1].shape, call.attributes);
  const std::int64_t values = q.count() * up_to(q.length, 128) * rounded_head(q.size);
  return {{WorkspaceKind::partial_results, 4 * static_cast<std::size_t>(values)}};
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
      moving(Op::cast_third, "cast_third", 1, infer_cast_third, {"type", "third"}),
      {Op::attention, "attention", -1, 2, kAttention, infer_attention, forward_cost, no_workspace},
      {Op::attention_backward, "attention_backward", -1, 3, kAttention, infer_attention_backward,
       backward_cost, attention_backward_workspace},
      {Op::flash_attention, "flash_attention", 1, -1, kAttention, infer_flash_attention, forward_cost,
       flash_workspace, true},
      {Op::flash_attention_backward, "flash_attention_backward", 10, 3, kAttention, infer_attention_backward,
       backward_cost, flash_backward_workspace, true},
      moving(Op::attention_delta, "attention_delta", 2, infer_attention_delta, {"heads", "length", "group"}),
      moving(Op::sum_heads, "sum_heads", 1, infer_sum_heads, {"heads"}),
      moving(Op::lower_triangle, "lower_triangle", 1, first),
      moving(Op::where, "where", 3, infer_where),
      moving(Op::equals, "equals", 1, infer_equals, {"value"}),
      moving(Op::all_columns, "all_columns", 1, infer_all_columns),
      moving(Op::fill_rows, "fill_rows", 3, first),
  };
}

}  // namespace memsweep::ops
