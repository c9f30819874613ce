// What the functions of cuSPARSE have in common. Numbers are those of cuSPARSE 12.
#pragma once

#include <cstdint>

#include "harness/standin/library.h"

namespace memsweep::standin {

// CUSPARSE_STATUS_NOT_INITIALIZED, CUSPARSE_STATUS_EXECUTION_FAILED
inline constexpr Library kSparse{.no_handle = 1, .failed = 6};

inline constexpr std::string_view kSparseHandle = "cusparseCreate";
inline constexpr int kHostPointer = 0;  // CUSPARSE_POINTER_MODE_HOST

struct SparseHandle {
  cudaStream_t stream = nullptr;
  int pointer_mode = kHostPointer;
};

inline constexpr std::string_view kSparseMatrix = "cusparseCreateCsr";  // and of other formats

/// A sparse matrix, of which only how large it is matters here.
struct SparseMatrix {
  std::int64_t rows = 0, columns = 0, nonzeros = 0;
};

/// Null where `handle` is no such matrix.
inline SparseMatrix* find_sparse(const DriverModel& model, const void* handle) {
  if (!model.handles.holds(kSparseMatrix, handle)) return nullptr;
  return static_cast<SparseMatrix*>(const_cast<void*>(handle));
}

/// The most elements of a matrix of that size.
inline std::int64_t at_most_all(std::int64_t elements, std::int64_t rows, std::int64_t columns) {
  return std::min(elements, rows * columns);
}

}  // namespace memsweep::standin
