// What the opaque types of cuBLASLt hold here, and the functions behind their attributes.
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

struct MatrixLayout {
  static constexpr std::string_view kMaker = "cublasLtMatrixLayoutCreate";

  std::uint32_t type;
  std::int32_t order = CUBLASLT_ORDER_COL;
  std::uint64_t rows;
  std::uint64_t columns;
  std::int64_t leading_dimension;
  std::int32_t batches = 1;
  std::int64_t batch_stride = 0;  // elements
  std::int64_t plane_offset = 0;
};

struct MatmulDescription {
  static constexpr std::string_view kMaker = "cublasLtMatmulDescCreate";

  std::int32_t compute;
  std::int32_t scale_type;
  std::int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  std::int32_t transpose_a = CUBLAS_OP_N;
  std::int32_t transpose_b = CUBLAS_OP_N;
  std::int32_t transpose_c = CUBLAS_OP_N;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
  std::int64_t bias_batch_stride = 0;  // elements
  void* sum = nullptr;                 // where an epilogue stores what goes into the activation
  std::int64_t sum_leading_dimension = 0;
  std::int64_t sum_batch_stride = 0;
  std::int32_t multiprocessors = 0;  // 0: all
  std::int32_t bias_type = -1;       // -1: the result's
};

struct Preference {
  static constexpr std::string_view kMaker = "cublasLtMatmulPreferenceCreate";

  std::uint32_t search_mode = 0;
  std::uint64_t workspace_bytes = 0;  // at most
  std::uint32_t reduction_schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint32_t alignment_a = 256;  // bytes, as of the others
  std::uint32_t alignment_b = 256;
  std::uint32_t alignment_c = 256;
  std::uint32_t alignment_d = 256;
};

/// The object behind a handle that a user gave; null where it is none.
template <class Object, class Opaque>
Object* find(const DriverModel& model, Opaque* handle) {
  static_assert(sizeof(Object) <= sizeof(Opaque));
  return model.handles.holds(Object::kMaker, handle) ? reinterpret_cast<Object*>(handle) : nullptr;
}

/// A function of cuBLASLt. A context that is broken executes nothing.
template <class Body>
cublasStatus_t cublas_call(std::string_view function, Body body) {
  return run_call<cublasStatus_t>(function, [&](DriverModel& model) {
    return model.broken[current_device()] == cudaSuccess ? body(model) : CUBLAS_STATUS_EXECUTION_FAILED;
  });
}

}  // namespace memsweep::standin
