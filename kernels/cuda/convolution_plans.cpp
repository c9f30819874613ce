#include "kernels/cuda/convolution_plans.h"

#include <span>

namespace memsweep::cuda {
namespace {

constexpr int kRank = 4;

/// cuDNN took the case, or it did not; throws CudaError for an error.
template <class... Parameters>
bool takes(const Cudnn& cudnn, const CudnnFunction<Parameters...>& function,
           std::type_identity_t<Parameters>... arguments) {
  const cudnnStatus_t status = function.address(arguments...);
  if (is_refusal(status)) return false;
  cudnn.check(status, function.name);
  return true;
}

cudnnDataType_t cudnn_type(DType type) {
  switch (type) {
    case DType::f16: return CUDNN_DATA_HALF;
    case DType::bf16: return CUDNN_DATA_BFLOAT16;
    default: return CUDNN_DATA_FLOAT;
  }
}

/// The least precise arithmetic that the problem allows.
cudnnMathType_t math_of(const ConvolutionProblem& problem) {
  if (problem.type != DType::f32) return CUDNN_TENSOR_OP_MATH;
  return problem.tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
}

const CudnnFunctions::Kind& functions_for(ConvolutionKind kind, const CudnnFunctions& functions) {
  switch (kind) {
    case ConvolutionKind::image: return functions.backward_input;
    case ConvolutionKind::weight: return functions.backward_weight;
    default: return functions.forward;
  }
}

bool describe_tensor(const Cudnn& cudnn, void* tensor, DType type,
                     const ConvolutionProblem::Extents& extents) {
  const std::array strides{extents[1] * extents[2] * extents[3], extents[2] * extents[3], extents[3], 1};
  return takes(cudnn, cudnn.functions().set_tensor, tensor, cudnn_type(type), kRank, extents.data(),
               strides.data());
}

/// Sums are f32, whatever the values are.
bool describe_convolution(const Cudnn& cudnn, void* convolution, const ConvolutionProblem& problem) {
  const std::array paddings{problem.padding, problem.padding}, strides{problem.stride, problem.stride},
      dilations{1, 1};
  return takes(cudnn, cudnn.functions().set_convolution, convolution, static_cast<int>(paddings.size()),
               paddings.data(), strides.data(), dilations.data(), CUDNN_CROSS_CORRELATION,
               CUDNN_DATA_FLOAT) &&
         takes(cudnn, cudnn.functions().set_math, convolution, math_of(problem));
}

bool describe(const Cudnn& cudnn, const ConvolutionPlan& plan, const ConvolutionProblem& problem) {
  return describe_tensor(cudnn, plan.image.get(), problem.type, problem.image) &&
         describe_tensor(cudnn, plan.result.get(), problem.type, problem.result) &&
         takes(cudnn, cudnn.functions().set_filter, plan.weight.get(), cudnn_type(problem.type),
               CUDNN_TENSOR_NCHW, kRank, problem.weight.data()) &&
         describe_convolution(cudnn, plan.convolution.get(), problem);
}

std::array<void*, 3> descriptors_of(const ConvolutionPlan& plan, ConvolutionKind kind) {
  return in_order(kind, plan.image.get(), plan.weight.get(), plan.result.get());
}

/// Takes the algorithm for the plan if its arithmetic and memory are what the problem allows. What it would
/// convert to something less precise it then does not.
bool take(const Cudnn& cudnn, cudnnHandle_t handle, const ConvolutionProblem& problem,
          const cudnnConvolutionAlgoPerf_t& algorithm, ConvolutionPlan& plan) {
  if (algorithm.status != CUDNN_STATUS_SUCCESS || algorithm.determinism != CUDNN_DETERMINISTIC ||
      algorithm.memory > problem.work_bytes)
    return false;
  const cudnnMathType_t math = algorithm.mathType == CUDNN_FMA_MATH ? CUDNN_FMA_MATH : math_of(problem);
  const auto [a, b, c] = descriptors_of(plan, problem.kind);
  plan.algorithm = algorithm.algo;
  return takes(cudnn, cudnn.functions().set_math, plan.convolution.get(), math) &&
         takes(cudnn, plan.functions->workspace, handle, a, b, plan.convolution.get(), c, plan.algorithm,
               &plan.work_bytes) &&
         plan.work_bytes <= problem.work_bytes;
}

std::optional<ConvolutionPlan> make_plan(const Cudnn& cudnn, cudnnHandle_t handle,
                                         const ConvolutionProblem& problem) {
  const CudnnFunctions& f = cudnn.functions();
  ConvolutionPlan plan{&functions_for(problem.kind, f), cudnn.make(f.create_tensor, f.destroy_tensor),
                       cudnn.make(f.create_filter, f.destroy_filter),
                       cudnn.make(f.create_tensor, f.destroy_tensor),
                       cudnn.make(f.create_convolution, f.destroy_convolution)};
  const bool made = plan.image && plan.weight && plan.result && plan.convolution;
  if (!made || !describe(cudnn, plan, problem)) return std::nullopt;
  std::array<cudnnConvolutionAlgoPerf_t, 16> algorithms{};  // more than there are
  int count = 0;
  const auto [a, b, c] = descriptors_of(plan, problem.kind);
  if (!takes(cudnn, plan.functions->find, handle, a, b, plan.convolution.get(), c,
             static_cast<int>(algorithms.size()), &count, algorithms.data()))
    return std::nullopt;
  for (const auto& algorithm : std::span(algorithms).first(static_cast<std::size_t>(count))) {
    if (take(cudnn, handle, problem, algorithm, plan)) return plan;
  }
  return std::nullopt;
}

}  // namespace

const ConvolutionPlan* ConvolutionPlans::find(cudaStream_t stream, const ConvolutionProblem& problem) {
  const cudnnHandle_t handle = cudnn_.handle(stream);
  if (handle == nullptr) return nullptr;
  constexpr std::size_t kMost = 4096;  // as of products
  auto place = plans_.find(problem);
  if (place == plans_.end()) {
    if (plans_.size() == kMost) plans_.clear();
    place = plans_.emplace(problem, make_plan(cudnn_, handle, problem)).first;
  }
  return place->second ? &*place->second : nullptr;
}

}  // namespace memsweep::cuda
