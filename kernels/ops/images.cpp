// Images: sums and means over places, and pooling.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"
#include "kernels/reduction.h"
#include "kernels/window.h"

namespace memsweep::ops {
namespace {

Types infer_sum_channels(Inputs in, Numbers) { return {{{in[0].shape[1]}, in[0].dtype}}; }

Types infer_mean_places(Inputs in, Numbers) {
  const Shape& x = in[0].shape;
  expect(x.rank == 4, "{} is no image", x);
  return {{{x[0], x[1]}, in[0].dtype}};
}

Types infer_mean_places_backward(Inputs in, Numbers numbers) {
  const Shape& grad = in[0].shape;
  return {{{grad[0], grad[1], static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1])},
           in[0].dtype}};
}

Types infer_max_pool(Inputs in, Numbers numbers) {
  const Shape& x = in[0].shape;
  const Window window{static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1]),
                      static_cast<std::int64_t>(numbers[2])};
  expect(x.rank == 4 && window.fits(x[2]) && window.fits(x[3]), "{} is too small to be pooled", x);
  const Shape places{x[0], x[1], window.places(x[2]), window.places(x[3])};
  return {{places, in[0].dtype}, {places, DType::i64}};
}

Types infer_max_pool_backward(Inputs in, Numbers numbers) {
  const Shape& index = in[1].shape;
  return {{{index[0], index[1], static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1])},
           in[0].dtype}};
}

Workspaces sum_channels_workspace(const OpCall& call, const Multiprocessors& gpu) {
  const Shape& x = call.inputs[0].shape;
  const ReductionWorkspace workspace = channel_reduction_workspace(x[0], x[1], x[2] * x[3], gpu);
  if (workspace.partial_results == 0) return {};
  return {{WorkspaceKind::partial_results, workspace.partial_results},
          {WorkspaceKind::semaphores, workspace.semaphores}};
}

Workspaces mean_places_workspace(const OpCall& call, const Multiprocessors& gpu) {
  const Shape& x = call.inputs[0].shape;
  Workspaces list;
  append_reduction_within_rows(list, x[0] * x[1], x[2] * x[3], gpu);
  return list;
}

}  // namespace

std::vector<OpRow> image_rows() {
  return {
      {Op::sum_channels, "sum_channels", 1, 1, {}, infer_sum_channels, by_traffic, sum_channels_workspace},
      {Op::mean_places, "mean_places", 1, 1, {}, infer_mean_places, by_traffic, mean_places_workspace},
      moving(Op::mean_places_backward, "mean_places_backward", 1, infer_mean_places_backward,
             {"height", "width"}),
      moving(Op::max_pool, "max_pool", 1, infer_max_pool, {"kernel", "stride", "padding"}, 2),
      moving(Op::max_pool_backward, "max_pool_backward", 2, infer_max_pool_backward, {"height", "width"}),
  };
}

}  // namespace memsweep::ops
