#include "kernels/cuda/product_plans.h"

#include <utility>

namespace memsweep::cuda {
namespace {

cudaDataType_t cuda_type(DType type) {
  switch (type) {
    case DType::f16: return CUDA_R_16F;
    case DType::bf16: return CUDA_R_16BF;
    default: return CUDA_R_32F;
  }
}

template <class Value>
void set(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute, Value value) {
  check(cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value),
        "cublasLtMatmulDescSetAttribute");
}

template <class Value>
void set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute, Value value) {
  check(cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof value),
        "cublasLtMatrixLayoutSetAttribute");
}

template <class Value>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, Value value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
        "cublasLtMatmulPreferenceSetAttribute");
}

cublasLtEpilogue_t epilogue_of(const ProductProblem& problem) {
  switch (problem.activation) {
    case Activation::relu: return CUBLASLT_EPILOGUE_RELU_BIAS;
    case Activation::gelu_tanh:
      return problem.sum_alignment != 0 ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_BIAS;
    default: return problem.bias_alignment != 0 ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
  }
}

void set_operands(cublasLtMatmulDesc_t product, const EpilogueOperands& operands) {
  if (operands.bias != nullptr) set(product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  if (operands.sum != nullptr) set(product, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, operands.sum);
}

auto make_product(const ProductProblem& problem, const EpilogueOperands& operands) {
  cublasLtMatmulDesc_t made = nullptr;
  const bool tf32 = problem.tf32 && problem.a.type == DType::f32;
  check(cublasLtMatmulDescCreate(&made, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "cublasLtMatmulDescCreate");
  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product(made);
  const auto mode = [](const auto& operand) { return operand.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  set(made, CUBLASLT_MATMUL_DESC_TRANSA, mode(problem.b));
  set(made, CUBLASLT_MATMUL_DESC_TRANSB, mode(problem.a));
  set(made, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(problem));
  if (problem.sum_alignment != 0) set(made, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, problem.c.stride);
  set_operands(made, operands);
  return product;
}

ProductPlan::Layout make_layout(const ProductProblem::Operand& operand, std::int64_t batches) {
  cublasLtMatrixLayout_t made = nullptr;
  check(
      cublasLtMatrixLayoutCreate(&made, cuda_type(operand.type), static_cast<std::uint64_t>(operand.columns),
                                 static_cast<std::uint64_t>(operand.rows), operand.stride),
      "cublasLtMatrixLayoutCreate");
  ProductPlan::Layout layout(made);
  if (batches > 1) {
    set(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(batches));
    set(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, operand.batch_stride);
  }
  return layout;
}

auto make_preference(const ProductProblem& problem) {
  cublasLtMatmulPreference_t made = nullptr;
  check(cublasLtMatmulPreferenceCreate(&made), "cublasLtMatmulPreferenceCreate");
  Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> preference(made);
  set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, problem.work_bytes);
  // Parts of a sum stay f32 until all are added up.
  set(made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, problem.b.alignment);
  set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, problem.a.alignment);
  set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, problem.c.alignment);
  set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, problem.c.alignment);
  return preference;
}

std::optional<ProductPlan> make_plan(cublasLtHandle_t handle, const ProductProblem& problem,
                                     const EpilogueOperands& operands) {
  ProductPlan plan{make_product(problem, operands),
                   make_layout(problem.a, problem.batches),
                   make_layout(problem.b, problem.batches),
                   make_layout(problem.c, problem.batches),
                   {}};
  auto preference = make_preference(problem);
  cublasLtMatmulHeuristicResult_t result{};
  int found = 0;
  cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(handle, plan.product.get(), plan.b.get(), plan.a.get(), plan.c.get(),
                                     plan.c.get(), preference.get(), 1, &result, &found);
  if (status == CUBLAS_STATUS_SUCCESS) status = found > 0 ? result.state : CUBLAS_STATUS_NOT_SUPPORTED;
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return std::nullopt;
  check(status, "cublasLtMatmulAlgoGetHeuristic");
  plan.algorithm = result.algo;
  check(give_back([used = preference.release()] { return cublasLtMatmulPreferenceDestroy(used); }),
        "cublasLtMatmulPreferenceDestroy");
  return plan;
}

}  // namespace

const ProductPlan* ProductPlans::find(cublasLtHandle_t handle, const ProductProblem& problem,
                                      const EpilogueOperands& operands) {
  // A training step has at most a few hundred products; the steps of a sweep have new ones each.
  constexpr std::size_t kMost = 4096;
  auto place = plans_.find(problem);
  if (place == plans_.end()) {
    if (plans_.size() == kMost) plans_.clear();
    place = plans_.emplace(problem, make_plan(handle, problem, operands)).first;
  } else if (place->second) {
    set_operands(place->second->product.get(), operands);
  }
  return place->second ? &*place->second : nullptr;
}

}  // namespace memsweep::cuda
