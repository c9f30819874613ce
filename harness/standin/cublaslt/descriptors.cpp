#include "harness/standin/cublaslt/descriptors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace memsweep::standin {
namespace {

/// Where an object keeps an attribute.
template <class Object>
struct Field {
  int attribute;
  std::size_t bytes;
  void* (*place)(Object&);
};

template <class Object, class Member>
Member member_type(Member Object::*);
template <class Object, class Member>
Object object_type(Member Object::*);

template <auto kMember>
constexpr auto field(int attribute) {
  using Object = decltype(object_type(kMember));
  return Field<Object>{attribute, sizeof(member_type(kMember)),
                       [](Object& object) -> void* { return &(object.*kMember); }};
}

constexpr std::array kLayoutFields{
    field<&MatrixLayout::type>(CUBLASLT_MATRIX_LAYOUT_TYPE),
    field<&MatrixLayout::order>(CUBLASLT_MATRIX_LAYOUT_ORDER),
    field<&MatrixLayout::rows>(CUBLASLT_MATRIX_LAYOUT_ROWS),
    field<&MatrixLayout::columns>(CUBLASLT_MATRIX_LAYOUT_COLS),
    field<&MatrixLayout::leading_dimension>(CUBLASLT_MATRIX_LAYOUT_LD),
    field<&MatrixLayout::batches>(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT),
    field<&MatrixLayout::batch_stride>(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET),
    field<&MatrixLayout::plane_offset>(CUBLASLT_MATRIX_LAYOUT_PLANE_OFFSET),
};

constexpr std::array kDescriptionFields{
    field<&MatmulDescription::compute>(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE),
    field<&MatmulDescription::scale_type>(CUBLASLT_MATMUL_DESC_SCALE_TYPE),
    field<&MatmulDescription::pointer_mode>(CUBLASLT_MATMUL_DESC_POINTER_MODE),
    field<&MatmulDescription::transpose_a>(CUBLASLT_MATMUL_DESC_TRANSA),
    field<&MatmulDescription::transpose_b>(CUBLASLT_MATMUL_DESC_TRANSB),
    field<&MatmulDescription::transpose_c>(CUBLASLT_MATMUL_DESC_TRANSC),
    field<&MatmulDescription::epilogue>(CUBLASLT_MATMUL_DESC_EPILOGUE),
    field<&MatmulDescription::bias>(CUBLASLT_MATMUL_DESC_BIAS_POINTER),
    field<&MatmulDescription::bias_batch_stride>(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE),
    field<&MatmulDescription::sum>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER),
    field<&MatmulDescription::sum_leading_dimension>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD),
    field<&MatmulDescription::sum_batch_stride>(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE),
    field<&MatmulDescription::multiprocessors>(CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET),
    field<&MatmulDescription::bias_type>(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE),
};

constexpr std::array kPreferenceFields{
    field<&Preference::search_mode>(CUBLASLT_MATMUL_PREF_SEARCH_MODE),
    field<&Preference::workspace_bytes>(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES),
    field<&Preference::reduction_schemes>(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK),
    field<&Preference::alignment_a>(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES),
    field<&Preference::alignment_b>(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES),
    field<&Preference::alignment_c>(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES),
    field<&Preference::alignment_d>(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES),
};

template <class Object>
const Field<Object>* find_field(std::span<const Field<Object>> fields, int attribute) {
  const auto found = std::ranges::find(fields, attribute, &Field<Object>::attribute);
  return found == fields.end() ? nullptr : &*found;
}

template <class Object, class Opaque>
cublasStatus_t create(Opaque** handle, Object object) {
  return run_call<cublasStatus_t>(Object::kMaker, [&](DriverModel& model) {
    *handle = reinterpret_cast<Opaque*>(model.handles.create(Object::kMaker, object));
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Object, class Opaque>
cublasStatus_t destroy(std::string_view function, Opaque* handle) {
  return run_call<cublasStatus_t>(function, [&](DriverModel& model) {
    if (handle == nullptr || model.handles.destroy(Object::kMaker, handle)) return CUBLAS_STATUS_SUCCESS;
    return CUBLAS_STATUS_INVALID_VALUE;
  });
}

template <class Object, class Opaque>
cublasStatus_t set(std::string_view function, std::span<const Field<Object>> fields, Opaque* handle,
                   int attribute, const void* value, std::size_t bytes) {
  return run_call<cublasStatus_t>(function, [&](const DriverModel& model) {
    Object* const object = find<Object>(model, handle);
    const Field<Object>* const field = find_field(fields, attribute);
    if (object == nullptr || value == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    if (field == nullptr && !model.settings.compute) return CUBLAS_STATUS_SUCCESS;  // nothing reads it
    if (field == nullptr || bytes != field->bytes) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(field->place(*object), value, bytes);
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Object, class Opaque>
cublasStatus_t get(std::string_view function, std::span<const Field<Object>> fields, Opaque* handle,
                   int attribute, void* value, std::size_t bytes, std::size_t* written) {
  return run_call<cublasStatus_t>(function, [&](const DriverModel& model) {
    Object* const object = find<Object>(model, handle);
    const Field<Object>* const field = find_field(fields, attribute);
    if (object == nullptr || field == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    if (written != nullptr) *written = field->bytes;
    if (bytes == 0 && written != nullptr) return CUBLAS_STATUS_SUCCESS;  // only the size was asked for
    if (bytes != field->bytes || value == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(value, field->place(*object), bytes);
    return CUBLAS_STATUS_SUCCESS;
  });
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading_dimension) {
  MatrixLayout made{};
  made.type = type;
  made.rows = rows;
  made.columns = columns;
  made.leading_dimension = leading_dimension;
  return create(layout, made);
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy<MatrixLayout>("cublasLtMatrixLayoutDestroy", layout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                size_t bytes) {
  return set<MatrixLayout>("cublasLtMatrixLayoutSetAttribute", kLayoutFields, layout, attribute, value,
                           bytes);
}

cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, void* value,
                                                size_t bytes, size_t* written) {
  return get<MatrixLayout>("cublasLtMatrixLayoutGetAttribute", kLayoutFields, layout, attribute, value, bytes,
                           written);
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute,
                                        cudaDataType scale) {
  MatmulDescription made{};
  made.compute = compute;
  made.scale_type = scale;
  return create(description, made);
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  return destroy<MatmulDescription>("cublasLtMatmulDescDestroy", description);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              size_t bytes) {
  return set<MatmulDescription>("cublasLtMatmulDescSetAttribute", kDescriptionFields, description, attribute,
                                value, bytes);
}

cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t attribute, void* value,
                                              size_t bytes, size_t* written) {
  return get<MatmulDescription>("cublasLtMatmulDescGetAttribute", kDescriptionFields, description, attribute,
                                value, bytes, written);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return create(preference, Preference{});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy<Preference>("cublasLtMatmulPreferenceDestroy", preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  return set<Preference>("cublasLtMatmulPreferenceSetAttribute", kPreferenceFields, preference, attribute,
                         value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    void* value, size_t bytes, size_t* written) {
  return get<Preference>("cublasLtMatmulPreferenceGetAttribute", kPreferenceFields, preference, attribute,
                         value, bytes, written);
}

}  // extern "C"
}  // namespace memsweep::standin
