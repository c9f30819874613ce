#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/standin/cublaslt/product.h"

struct cublasLtContext {};

namespace memsweep::standin {
namespace {

constexpr std::string_view kHandle = "cublasLtCreate";

/// What an algorithm holds: that the heuristic of this library chose it, and the workspace it asked for.
constexpr std::uint64_t kAlgorithm = 0x6d656d7377656570;

std::optional<MatrixProduct> find_product(const DriverModel& model, cublasLtMatmulDesc_t description,
                                          cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                          cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d) {
  const auto* const described = find<MatmulDescription>(model, description);
  if (described == nullptr) return std::nullopt;
  for (const cublasLtMatrixLayout_t layout : {a, b, c, d}) {
    if (find<MatrixLayout>(model, layout) == nullptr) return std::nullopt;
  }
  const auto layout = [&model](cublasLtMatrixLayout_t handle) { return *find<MatrixLayout>(model, handle); };
  return MatrixProduct{*described, layout(a), layout(b), layout(c), layout(d)};
}

/// A handle of cuBLAS is one of cuBLASLt, too.
bool is_handle(const DriverModel& model, cublasLtHandle_t handle) {
  return model.handles.holds(kHandle, handle) || model.handles.holds("cublasCreate_v2", handle);
}

/// What is not computed may be a product of any types.
cublasStatus_t check_where_computed(const DriverModel& model, const MatrixProduct& product) {
  return model.settings.compute ? check_product(product) : CUBLAS_STATUS_SUCCESS;
}

/// Beside this library. Loaders look there by themselves unless a sanitizer comes between.
std::string products_path() {
  Dl_info here{};
  dladdr(reinterpret_cast<void*>(&is_handle), &here);
  return std::filesystem::path(here.dli_fname).replace_filename("libmemsweep_standin_products.so");
}

/// What computes products, loaded at the first one.
auto* products_library() {
  static auto* const compute = [] {
    void* const library = dlopen(products_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = library == nullptr ? nullptr : dlsym(library, "memsweep_standin_compute_product");
    if (found == nullptr) {
      std::fprintf(stderr, "no matrix product can be computed: %s\n", dlerror());
      std::abort();
    }
    return reinterpret_cast<decltype(&memsweep_standin_compute_product)>(found);
  }();
  return compute;
}

bool is_algorithm(const cublasLtMatmulAlgo_t* algorithm, std::size_t workspace_bytes) {
  return algorithm == nullptr || (algorithm->data[0] == kAlgorithm && algorithm->data[1] <= workspace_bytes);
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  return cublas_call(kHandle, [&](DriverModel& model) {
    *handle = model.handles.create(kHandle, cublasLtContext{});
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  return run_call<cublasStatus_t>("cublasLtDestroy", [&](DriverModel& model) {
    if (handle == nullptr || model.handles.destroy(kHandle, handle)) return CUBLAS_STATUS_SUCCESS;
    return CUBLAS_STATUS_NOT_INITIALIZED;
  });
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int requested,
                                              cublasLtMatmulHeuristicResult_t results[], int* returned) {
  return cublas_call("cublasLtMatmulAlgoGetHeuristic", [&](const DriverModel& model) {
    if (!is_handle(model, handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    const auto product = find_product(model, description, a, b, c, d);
    const auto* const preferred = find<Preference>(model, preference);
    if (!product || preferred == nullptr || requested < 1) return CUBLAS_STATUS_INVALID_VALUE;
    *returned = 0;
    const cublasStatus_t status = check_where_computed(model, *product);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    const std::size_t workspace = model.settings.workspace;
    if (workspace > preferred->workspace_bytes) return CUBLAS_STATUS_NOT_SUPPORTED;
    results[0] = {{{kAlgorithm, workspace}}, workspace, CUBLAS_STATUS_SUCCESS, 1, {}};
    *returned = 1;
    return CUBLAS_STATUS_SUCCESS;
  });
}

/// An address that is none of the device's does not fail here: the device finds out later, as kernels do.
cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_bytes,
                              cudaStream_t stream) {
  std::optional<MatrixProduct> product;
  ProductData data{};
  bool compute = false;
  const cublasStatus_t status = cublas_call("cublasLtMatmul", [&](DriverModel& model) {
    if (!is_handle(model, handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    product = find_product(model, description, a_layout, b_layout, c_layout, d_layout);
    if (!product || alpha == nullptr || beta == nullptr || !is_algorithm(algorithm, workspace_bytes) ||
        !is_stream(model, stream)) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
    const cublasStatus_t checked = check_where_computed(model, *product);
    if (checked != CUBLAS_STATUS_SUCCESS || !model.settings.compute) return checked;
    data = {*static_cast<const float*>(alpha), *static_cast<const float*>(beta), a, b, c, d};
    const Range work{address_of(workspace), model.settings.workspace};
    compute = accessible(model.memory, *product, data) && (work.bytes == 0 || model.memory.accessible(work));
    if (!compute) model.broken[current_device()] = cudaErrorIllegalAddress;
    return CUBLAS_STATUS_SUCCESS;
  });
  if (status == CUBLAS_STATUS_SUCCESS && compute) products_library()(*product, data);
  return status;
}

}  // extern "C"
}  // namespace memsweep::standin
