// Other types for the same values, and the steps of loss scaling.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_cast(Inputs in, Numbers numbers) { return {{in[0].shape, static_cast<DType>(numbers[0])}}; }

Types infer_check_and_unscale(Inputs in, Numbers) {
  expect(in.size() >= 3, "there is nothing to be checked");
  return {in.begin(), in.end() - 1};
}

Types infer_update_scale(Inputs in, Numbers) { return {in[0], in[1]}; }

}  // namespace

std::vector<OpRow> precision_rows() {
  return {
      moving(Op::cast, "cast", 1, infer_cast, {"type"}),
      moving(Op::copy, "copy", 2, first),
      moving(Op::check_and_unscale, "check_and_unscale", -1, infer_check_and_unscale, {}, -1),
      moving(Op::update_scale, "update_scale", 3, infer_update_scale, {"growth", "backoff", "interval"}, 2),
  };
}

}  // namespace memsweep::ops
