// Adafactor: second moments of a matrix as one vector of its rows and one of its columns.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

void expect_matrix(const Shape& shape) { expect(shape.rank == 2, "a matrix is factored, not {}", shape); }

Types infer_row_mean_squares(Inputs in, Numbers) {
  expect_matrix(in[0].shape);
  return {{{in[0].shape[0], 1}, in[0].dtype}};
}

Types infer_column_mean_squares(Inputs in, Numbers) {
  expect_matrix(in[0].shape);
  return {{{1, in[0].shape[1]}, in[0].dtype}};
}

Types infer_mean(Inputs in, Numbers) { return {{{1, 1}, in[0].dtype}}; }

Workspaces row_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  const auto& shape = call.inputs[0].shape;
  append_reduction_within_rows(list, shape.rows(), shape.columns(), gpu);
  return list;
}

Workspaces column_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.rows(), call.inputs[0].shape.columns(), gpu);
  return list;
}

Workspaces mean_workspace(const OpCall& call, const Multiprocessors& gpu) {
  Workspaces list;
  append_reduction(list, call.inputs[0].shape.elements(), 1, gpu);
  return list;
}

}  // namespace

std::vector<OpRow> adafactor_rows() {
  return {
      {Op::row_mean_squares, "row_mean_squares", 1, 1, {}, infer_row_mean_squares, by_traffic, row_workspace},
      {Op::column_mean_squares,
       "column_mean_squares",
       1,
       1,
       {},
       infer_column_mean_squares,
       by_traffic,
       column_workspace},
      {Op::mean_at_least, "mean_at_least", 1, 1, {"least"}, infer_mean, by_traffic, mean_workspace},
      moving(Op::lerp_decayed, "lerp_decayed", 2, same_as_both, {"decay"}),
      moving(Op::adafactor_direction, "adafactor_direction", 2, same_as_both, {"eps"}),
      moving(Op::adafactor_step, "adafactor_step", 2, same_as_both, {"lr", "eps", "d", "weight_decay"}),
  };
}

}  // namespace memsweep::ops
