// Norms of gradients, and steps of scalars.
#include "kernels/norm_chunks.h"
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

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

Types infer_norm(Inputs in, Numbers) { return {{{}, in[0].dtype}}; }

Types infer_join_norms(Inputs in, Numbers numbers) {
  const auto rows = in[0].shape[0] - (in.size() == 2 ? 1 : 0);
  return Types(static_cast<std::size_t>(rows), TensorType{{}, static_cast<DType>(numbers[1])});
}

Types infer_stack(Inputs in, Numbers) { return {{{static_cast<std::int64_t>(in.size())}, in[0].dtype}}; }

/// Of two scalars of different types f32 is the result's; a scalar does not widen a vector.
Types infer_scale_by(Inputs in, Numbers) {
  const bool widens = in[0].shape.rank == 0 && in[0].dtype != in[1].dtype;
  return {{in[0].shape, widens ? DType::f32 : in[0].dtype}};
}

Workspaces norm_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.elements(), 1, gpu);
  return list;
}

}  // namespace

std::vector<OpRow> clipping_rows() {
  return {
      {Op::norm, "norm", 1, 1, {"p"}, infer_norm, by_traffic, norm_workspace},
      moving(Op::chunk_norms, "chunk_norms", -1, infer_chunk_norms, {"p", "packed"}, -1),
      moving(Op::join_norms, "join_norms", -1, infer_join_norms, {"p", "type"}, -1),
      moving(Op::stack, "stack", -1, infer_stack),
      moving(Op::add_number, "add_number", 1, first, {"value"}),
      moving(Op::reciprocal, "reciprocal", 1, first),
      moving(Op::clamp_max, "clamp_max", 1, first, {"limit"}),
      moving(Op::scale_by, "scale_by", 2, infer_scale_by),
  };
}

}  // namespace memsweep::ops
