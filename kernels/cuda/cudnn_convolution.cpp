#include "kernels/cuda/cudnn_convolution.h"

#include <bit>
#include <cstdint>
#include <limits>

namespace memsweep::cuda {
namespace {

using Operand = Convolution::Operand;

/// Vector accesses are this wide; whole tensors of an allocator lie at such addresses.
bool is_aligned(const void* data) {
  constexpr std::uintptr_t kWidestAccess = 16;  // bytes
  return std::bit_cast<std::uintptr_t>(data) % kWidestAccess == 0;
}

/// cuDNN counts in int, offsets too.
bool is_countable(const Operand& operand) {
  return operand.type.shape.elements() <= std::numeric_limits<int>::max();
}

bool is_known(const Convolution& c, WorkArea work) {
  const DType type = c.result.type.dtype;
  const auto fits = [type](const Operand& operand) {
    return operand.type.dtype == type && is_countable(operand) && is_aligned(operand.data);
  };
  return (type == DType::f32 || type == DType::f16 || type == DType::bf16) && fits(c.image) &&
         fits(c.weight) && fits(c.result) && is_aligned(work.data);
}

ConvolutionProblem::Extents extents_of(const Operand& operand) {
  const auto extent = [&](int i) { return static_cast<int>(operand.type.shape[i]); };
  return {extent(0), extent(1), extent(2), extent(3)};
}

ConvolutionProblem problem_of(const Convolution& c, WorkArea work) {
  return {c.kind,
          c.result.type.dtype,
          c.tf32,
          extents_of(c.image),
          extents_of(c.weight),
          extents_of(c.result),
          static_cast<int>(c.stride),
          static_cast<int>(c.padding),
          work.bytes};
}

cudnnStatus_t run(const ConvolutionPlan& plan, cudnnHandle_t handle, const Convolution& c, void* work) {
  const float one = 1;
  const auto [a, b, to] = in_order(c.kind, plan.image.get(), plan.weight.get(), plan.result.get());
  const auto [a_data, b_data, to_data] = in_order(c.kind, c.image.data, c.weight.data, c.result.data);
  return plan.functions->run.address(handle, &one, a, a_data, b, b_data, plan.convolution.get(),
                                     plan.algorithm, work, plan.work_bytes, &c.keep, to, to_data);
}

}  // namespace

bool convolve_if_known(const CudaContext& context, const Convolution& c, WorkArea work) {
  if (context.convolutions == nullptr || !is_known(c, work)) return false;
  const ConvolutionProblem problem = problem_of(c, work);
  const ConvolutionPlan* plan = context.convolutions->find(context.stream, problem);
  if (plan == nullptr) return false;
  Cudnn& cudnn = context.convolutions->cudnn();
  const cudnnStatus_t status = run(*plan, cudnn.handle(context.stream), c, work.data);
  if (is_refusal(status)) {
    context.convolutions->forget(problem);
    return false;
  }
  cudnn.check(status, plan->functions->run.name);
  return true;
}

}  // namespace memsweep::cuda
