// How large the workspaces of cuSPARSE are, only the library knows. They are counted as nothing: those of the
// products that PyTorch makes are small beside the matrices, as a rule.
//
// How many elements a sparse result has depends on where those of its operands lie, which nobody computes: a
// sum is assumed to have all of both, a product as many as where the rows of the second matrix are equally
// full and no two terms fall together.
#include "harness/standin/cusparse/sparse.h"

namespace memsweep::standin {
namespace {

int assume_none(std::string_view function, std::size_t* bytes) { return kSparse.assume(function, bytes, 0); }

/// An index and a value of four bytes each, at the least.
std::size_t bytes_of_elements(std::int64_t elements) { return static_cast<std::size_t>(elements) * 8; }

std::int64_t elements_of_product(const SparseMatrix& a, const SparseMatrix& b) {
  if (b.rows == 0) return 0;
  return at_most_all(a.nonzeros * b.nonzeros / b.rows, a.rows, b.columns);
}

/// No block that would have to be divided by is zero.
int find_no_pivot(std::string_view function, int* position) {
  return kSparse.call(function, [&](const DriverModel&) {
    *position = -1;
    return 0;
  });
}

}  // namespace

extern "C" {

int cusparseSpMM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, const void*,
                            int, int, std::size_t* bytes) {
  return assume_none("cusparseSpMM_bufferSize", bytes);
}
int cusparseSpMV_bufferSize(void*, int, const void*, const void*, const void*, const void*, const void*, int,
                            int, std::size_t* bytes) {
  return assume_none("cusparseSpMV_bufferSize", bytes);
}
int cusparseSDDMM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, const void*,
                             int, int, std::size_t* bytes) {
  return assume_none("cusparseSDDMM_bufferSize", bytes);
}
int cusparseSpSV_bufferSize(void*, int, const void*, const void*, const void*, const void*, int, int,
                            const void*, std::size_t* bytes) {
  return assume_none("cusparseSpSV_bufferSize", bytes);
}
int cusparseSpSM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, int, int,
                            const void*, std::size_t* bytes) {
  return assume_none("cusparseSpSM_bufferSize", bytes);
}
int cusparseXcoosort_bufferSizeExt(void*, int, int, int, const int*, const int*, std::size_t* bytes) {
  return assume_none("cusparseXcoosort_bufferSizeExt", bytes);
}
int cusparseXcsrsort_bufferSizeExt(void*, int, int, int, const int*, const int*, std::size_t* bytes) {
  return assume_none("cusparseXcsrsort_bufferSizeExt", bytes);
}

/// Asked for the size first, without a buffer, and then to work in it; so is cusparseSpGEMM_compute.
int cusparseSpGEMM_workEstimation(void*, int, int, const void*, const void*, const void*, const void*,
                                  const void*, int, int, const void*, std::size_t* bytes, void*) {
  return assume_none("cusparseSpGEMM_workEstimation", bytes);
}

int cusparseSpGEMM_compute(void*, int, int, const void*, const void* a, const void* b, const void*, void* c,
                           int, int, const void*, std::size_t* bytes, void*) {
  return kSparse.call("cusparseSpGEMM_compute", [&](DriverModel& model) {
    const SparseMatrix* const left = find_sparse(model, a);
    const SparseMatrix* const right = find_sparse(model, b);
    SparseMatrix* const result = find_sparse(model, c);
    if (left == nullptr || right == nullptr || result == nullptr) return kSparse.no_handle;
    result->nonzeros = elements_of_product(*left, *right);
    model.observations.note_estimate("cusparseSpGEMM_compute", bytes_of_elements(result->nonzeros));
    *bytes = 0;
    return 0;
  });
}

int cusparseXcsrgeam2Nnz(void* handle, int rows, int columns, const void*, int nonzeros, const int*,
                         const int*, const void*, int others, const int*, const int*, const void*, int*,
                         int* total, void*) {
  return kSparse.call("cusparseXcsrgeam2Nnz", [&](DriverModel& model) {
    if (!model.handles.holds(kSparseHandle, handle)) return kSparse.no_handle;
    const std::int64_t elements = at_most_all(std::int64_t{nonzeros} + others, rows, columns);
    model.observations.note_estimate("cusparseXcsrgeam2Nnz", bytes_of_elements(elements));
    if (static_cast<const SparseHandle*>(handle)->pointer_mode == kHostPointer) {
      *total = static_cast<int>(elements);
    }
    return 0;
  });
}

#define MEMSWEEP_SPARSE(letter)                                                                             \
  int cusparse##letter##csrgeam2_bufferSizeExt(void*, int, int, const void*, const void*, int, const void*, \
                                               const int*, const int*, const void*, const void*, int,       \
                                               const void*, const int*, const int*, const void*,            \
                                               const void*, const int*, const int*, std::size_t* bytes) {   \
    return assume_none("cusparse" #letter "csrgeam2_bufferSizeExt", bytes);                                 \
  }                                                                                                         \
  int cusparse##letter##bsrsv2_bufferSize(void*, int, int, int, int, const void*, void*, const int*,        \
                                          const int*, int, void*, int* bytes) {                             \
    return kSparse.assume("cusparse" #letter "bsrsv2_bufferSize", bytes, 0);                                \
  }                                                                                                         \
  int cusparse##letter##bsrsm2_bufferSize(void*, int, int, int, int, int, int, const void*, void*,          \
                                          const int*, const int*, int, void*, int* bytes) {                 \
    return kSparse.assume("cusparse" #letter "bsrsm2_bufferSize", bytes, 0);                                \
  }
MEMSWEEP_SPARSE(S)
MEMSWEEP_SPARSE(D)
MEMSWEEP_SPARSE(C)
MEMSWEEP_SPARSE(Z)

int cusparseXbsrsv2_zeroPivot(void*, void*, int* position) {
  return find_no_pivot("cusparseXbsrsv2_zeroPivot", position);
}
int cusparseXbsrsm2_zeroPivot(void*, void*, int* position) {
  return find_no_pivot("cusparseXbsrsm2_zeroPivot", position);
}

}  // extern "C"
}  // namespace memsweep::standin
