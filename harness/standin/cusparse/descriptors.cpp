// cuSPARSE: handles, and descriptors of what its functions work on. What lies on the device is not looked at.
#include "harness/standin/cusparse/sparse.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kDescription = "cusparseCreateMatDescr";

struct Description {
  int type = 0, fill = 0, diagonal = 0, base = 0;
};

/// What was set is of no use where nothing is computed.
struct Unread {};

template <class Value>
int set_description(std::string_view function, void* description, int Description::*field, Value value) {
  return kSparse.with<Description>(function, kDescription, description,
                                   [&](Description& held) { held.*field = value; });
}

int create_sparse(std::string_view function, void** handle, SparseMatrix matrix) {
  return kSparse.call(function, [&](DriverModel& model) {
    *handle = model.handles.create(kSparseMatrix, matrix);
    return 0;
  });
}

/// A function that sets what only kernels read.
int set_unread(std::string_view function, std::string_view maker, const void* handle) {
  return kSparse.call(function, [&](const DriverModel& model) {
    return model.handles.holds(maker, handle) ? 0 : kSparse.no_handle;
  });
}

}  // namespace

extern "C" {

int cusparseCreate(void** handle) { return kSparse.create(kSparseHandle, handle, SparseHandle{}); }
int cusparseDestroy(void* handle) { return kSparse.destroy("cusparseDestroy", kSparseHandle, handle); }

int cusparseSetStream(void* handle, cudaStream_t stream) {
  return kSparse.with<SparseHandle>("cusparseSetStream", kSparseHandle, handle,
                                    [&](SparseHandle& held) { held.stream = stream; });
}
int cusparseGetStream(void* handle, cudaStream_t* stream) {
  return kSparse.with<SparseHandle>("cusparseGetStream", kSparseHandle, handle,
                                    [&](const SparseHandle& held) { *stream = held.stream; });
}
int cusparseSetPointerMode(void* handle, int mode) {
  return kSparse.with<SparseHandle>("cusparseSetPointerMode", kSparseHandle, handle,
                                    [&](SparseHandle& held) { held.pointer_mode = mode; });
}
int cusparseGetPointerMode(void* handle, int* mode) {
  return kSparse.with<SparseHandle>("cusparseGetPointerMode", kSparseHandle, handle,
                                    [&](const SparseHandle& held) { *mode = held.pointer_mode; });
}

int cusparseCreateMatDescr(void** description) {
  return kSparse.create(kDescription, description, Description{});
}
int cusparseDestroyMatDescr(void* description) {
  return kSparse.destroy("cusparseDestroyMatDescr", kDescription, description);
}
int cusparseSetMatType(void* description, int type) {
  return set_description("cusparseSetMatType", description, &Description::type, type);
}
int cusparseSetMatFillMode(void* description, int fill) {
  return set_description("cusparseSetMatFillMode", description, &Description::fill, fill);
}
int cusparseSetMatDiagType(void* description, int diagonal) {
  return set_description("cusparseSetMatDiagType", description, &Description::diagonal, diagonal);
}
int cusparseSetMatIndexBase(void* description, int base) {
  return set_description("cusparseSetMatIndexBase", description, &Description::base, base);
}

int cusparseCreateCsr(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int, int) {
  return create_sparse("cusparseCreateCsr", matrix, {rows, columns, nonzeros});
}
int cusparseCreateCoo(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int) {
  return create_sparse("cusparseCreateCoo", matrix, {rows, columns, nonzeros});
}
int cusparseDestroySpMat(const void* matrix) {
  return kSparse.destroy("cusparseDestroySpMat", kSparseMatrix, matrix);
}
int cusparseCsrSetPointers(void* matrix, void*, void*, void*) {
  return set_unread("cusparseCsrSetPointers", kSparseMatrix, matrix);
}
int cusparseCsrSetStridedBatch(void* matrix, int, std::int64_t, std::int64_t) {
  return set_unread("cusparseCsrSetStridedBatch", kSparseMatrix, matrix);
}
int cusparseSpMatSetAttribute(void* matrix, int, void*, std::size_t) {
  return set_unread("cusparseSpMatSetAttribute", kSparseMatrix, matrix);
}
int cusparseSpMatGetSize(const void* matrix, std::int64_t* rows, std::int64_t* columns,
                         std::int64_t* nonzeros) {
  return kSparse.with<SparseMatrix>("cusparseSpMatGetSize", kSparseMatrix, const_cast<void*>(matrix),
                                    [&](const SparseMatrix& held) {
                                      *rows = held.rows;
                                      *columns = held.columns;
                                      *nonzeros = held.nonzeros;
                                    });
}

int cusparseCreateDnMat(void** matrix, std::int64_t, std::int64_t, std::int64_t, void*, int, int) {
  return kSparse.create("cusparseCreateDnMat", matrix, Unread{});
}
int cusparseDnMatSetStridedBatch(void* matrix, int, std::int64_t) {
  return set_unread("cusparseDnMatSetStridedBatch", "cusparseCreateDnMat", matrix);
}
int cusparseDestroyDnMat(const void* matrix) {
  return kSparse.destroy("cusparseDestroyDnMat", "cusparseCreateDnMat", matrix);
}
int cusparseCreateDnVec(void** vector, std::int64_t, void*, int) {
  return kSparse.create("cusparseCreateDnVec", vector, Unread{});
}
int cusparseDestroyDnVec(const void* vector) {
  return kSparse.destroy("cusparseDestroyDnVec", "cusparseCreateDnVec", vector);
}

// What an operation keeps between its calls.
#define MEMSWEEP_OPERATION(create_name, destroy_name)                                             \
  int create_name(void** operation) { return kSparse.create(#create_name, operation, Unread{}); } \
  int destroy_name(void* operation) { return kSparse.destroy(#destroy_name, #create_name, operation); }
MEMSWEEP_OPERATION(cusparseSpGEMM_createDescr, cusparseSpGEMM_destroyDescr)
MEMSWEEP_OPERATION(cusparseSpSM_createDescr, cusparseSpSM_destroyDescr)
MEMSWEEP_OPERATION(cusparseSpSV_createDescr, cusparseSpSV_destroyDescr)
MEMSWEEP_OPERATION(cusparseCreateBsrsm2Info, cusparseDestroyBsrsm2Info)
MEMSWEEP_OPERATION(cusparseCreateBsrsv2Info, cusparseDestroyBsrsv2Info)

}  // extern "C"
}  // namespace memsweep::standin
