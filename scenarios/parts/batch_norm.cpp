#include "scenarios/parts/batch_norm.h"

#include <utility>
#include <vector>

namespace memsweep {

BatchNorm batch_norm_parameters(Builder& builder, const std::string& name, std::int64_t width) {
  const TensorType per_channel{{width}, DType::f32};
  BatchNorm norm{name, norm_parameters(builder, name, width), 0, 0, 0};
  norm.mean = builder.constant(name + ".running_mean", per_channel, Op::fill, {0});
  norm.variance = builder.constant(name + ".running_var", per_channel, Op::fill, {1});
  norm.steps = builder.constant(name + ".num_batches_tracked", {{}, DType::i64}, Op::positions);
  return norm;
}

BufferId batch_norm(Builder& builder, const BatchNorm& norm, BufferId x, bool evaluation, double momentum) {
  std::vector<BufferId> operands{x, norm.affine.weight, *norm.affine.bias, norm.mean, norm.variance};
  if (evaluation) return builder.apply(norm.name, Op::batch_norm_frozen, std::move(operands), {kNormEpsilon});
  operands.push_back(norm.steps);
  return builder.apply_updating(norm.name, Op::batch_norm, std::move(operands), 3, {kNormEpsilon, momentum})
      .front();
}

}  // namespace memsweep
