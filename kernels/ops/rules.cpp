#include "kernels/ops/rules.h"

#include "kernels/reduction.h"

namespace memsweep::ops {

Types nothing(Inputs, Numbers) { return {}; }

Types first(Inputs in, Numbers) { return {in[0]}; }

Types second(Inputs in, Numbers) { return {in[1]}; }

namespace {

void expect_same(const TensorType& a, const TensorType& b) {
  expect(a.shape == b.shape, "operands must have one shape, not {} and {}", a.shape, b.shape);
  if (a.dtype != b.dtype) {
    throw std::invalid_argument(
        fmt::format("operands must have one type, not {} and {}", name_of(a.dtype), name_of(b.dtype)));
  }
}

}  // namespace

Types same_as_both(Inputs in, Numbers) {
  expect_same(in[0], in[1]);
  return {in[0]};
}

Types same_as_all(Inputs in, Numbers) {
  for (const auto& type : in) expect_same(in[0], type);
  return {in[0]};
}

Types scalar(Inputs, Numbers) { return {{{}, DType::f32}}; }

double traffic(const OpCall& call) {
  double bytes = 0;
  for (const auto& type : call.inputs) bytes += static_cast<double>(type.bytes());
  for (const auto& type : call.outputs) bytes += static_cast<double>(type.bytes());
  return bytes;
}

Cost by_traffic(const OpCall& call) { return {traffic(call) / 4, traffic(call)}; }

Cost free_of_charge(const OpCall&) { return {}; }

Workspaces no_workspace(const OpCall&, const Multiprocessors&) { return {}; }

namespace {

void append_workspace(Workspaces& list, const ReductionWorkspace& workspace) {
  if (workspace.partial_results == 0) return;
  list.push_back({WorkspaceKind::partial_results, workspace.partial_results});
  list.push_back({WorkspaceKind::semaphores, workspace.semaphores});
}

}  // namespace

void append_reduction(Workspaces& list, std::int64_t rows, std::int64_t columns, const Multiprocessors& gpu) {
  append_workspace(list, reduction_workspace(rows, columns, gpu));
}

void append_reduction_within_rows(Workspaces& list, std::int64_t rows, std::int64_t columns,
                                  const Multiprocessors& gpu) {
  append_workspace(list, reduction_within_rows_workspace(rows, columns, gpu));
}

std::vector<std::string_view> drawn_and(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> names{"seed", "id", "id_stride", "batches", "first"};
  names.insert(names.end(), more);
  return names;
}

OpRow moving(Op op, std::string_view name, int inputs, Types (*infer)(Inputs, Numbers),
             std::vector<std::string_view> attributes, int outputs) {
  return {op, name, inputs, outputs, std::move(attributes), infer, by_traffic, no_workspace};
}

}  // namespace memsweep::ops
