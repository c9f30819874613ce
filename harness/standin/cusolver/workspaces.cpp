// How large the workspaces of cuSOLVER are, only the library knows. Each is assumed to be as large as the
// matrices that it is for: so it is, but for a factor, in LAPACK.
//
// The older functions are asked for elements of the matrix, one name for each of its types; the others for
// bytes on the device and on the host.
#include <cstdint>

#include "harness/standin/cusolver/solver.h"

namespace memsweep::standin {
namespace {

std::size_t product(std::int64_t rows, std::int64_t columns, std::int64_t batch = 1) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) * static_cast<std::size_t>(batch);
}

int assume_bytes(std::string_view function, std::size_t matrix, int type, std::size_t* device,
                 std::size_t* host) {
  *host = 0;
  return kSolver.assume(function, device, matrix * bytes_of_type(type));
}

}  // namespace

extern "C" {

#define MEMSWEEP_SOLVER(name, parameters, matrix, element)                           \
  int cusolverDn##name##_bufferSize parameters {                                     \
    return kSolver.assume("cusolverDn" #name "_bufferSize", lwork, matrix, element); \
  }

// Of real and of complex matrices, whose functions have names of their own.
#define MEMSWEEP_REAL(name, parameters, matrix)   \
  MEMSWEEP_SOLVER(S##name, parameters, matrix, 4) \
  MEMSWEEP_SOLVER(D##name, parameters, matrix, 8)
#define MEMSWEEP_COMPLEX(name, parameters, matrix) \
  MEMSWEEP_SOLVER(C##name, parameters, matrix, 8)  \
  MEMSWEEP_SOLVER(Z##name, parameters, matrix, 16)
#define MEMSWEEP_ALL(real, complex, parameters, matrix) \
  MEMSWEEP_REAL(real, parameters, matrix)               \
  MEMSWEEP_COMPLEX(complex, parameters, matrix)

MEMSWEEP_ALL(geqrf, geqrf, (void*, int m, int n, void*, int, int* lwork), product(m, n))
MEMSWEEP_ALL(getrf, getrf, (void*, int m, int n, void*, int, int* lwork), product(m, n))
MEMSWEEP_ALL(gesvd, gesvd, (void*, int m, int n, int* lwork), product(m, n))
MEMSWEEP_ALL(potrf, potrf, (void*, int, int n, void*, int, int* lwork), product(n, n))
MEMSWEEP_ALL(sytrf, sytrf, (void*, int n, void*, int, int* lwork), product(n, n))
MEMSWEEP_ALL(orgqr, ungqr, (void*, int m, int n, int, const void*, int, const void*, int* lwork),
             product(m, n))
MEMSWEEP_ALL(ormqr, unmqr,
             (void*, int, int, int m, int n, int, const void*, int, const void*, const void*, int,
              int* lwork),
             product(m, n))
MEMSWEEP_ALL(syevd, heevd, (void*, int, int, int n, const void*, int, const void*, int* lwork), product(n, n))
MEMSWEEP_ALL(syevj, heevj, (void*, int, int, int n, const void*, int, const void*, int* lwork, void*),
             product(n, n))
MEMSWEEP_ALL(syevjBatched, heevjBatched,
             (void*, int, int, int n, const void*, int, const void*, int* lwork, void*, int batch),
             product(n, n, batch))
MEMSWEEP_ALL(gesvdj, gesvdj,
             (void*, int, int, int m, int n, const void*, int, const void*, const void*, int, const void*,
              int, int* lwork, void*),
             product(m, n))
MEMSWEEP_ALL(gesvdjBatched, gesvdjBatched,
             (void*, int, int m, int n, const void*, int, const void*, const void*, int, const void*, int,
              int* lwork, void*, int batch),
             product(m, n, batch))
MEMSWEEP_ALL(gesvdaStridedBatched, gesvdaStridedBatched,
             (void*, int, int, int m, int n, const void*, int, long long, const void*, long long, const void*,
              int, long long, const void*, int, long long, int* lwork, int batch),
             product(m, n, batch))

int cusolverDnXpotrf_bufferSize(void*, void*, int, std::int64_t n, int, const void*, std::int64_t, int type,
                                std::size_t* device, std::size_t* host) {
  return assume_bytes("cusolverDnXpotrf_bufferSize", product(n, n), type, device, host);
}

int cusolverDnXgeqrf_bufferSize(void*, void*, std::int64_t m, std::int64_t n, int, const void*, std::int64_t,
                                int, const void*, int type, std::size_t* device, std::size_t* host) {
  return assume_bytes("cusolverDnXgeqrf_bufferSize", product(m, n), type, device, host);
}

int cusolverDnXsyevd_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t, int,
                                const void*, int type, std::size_t* device, std::size_t* host) {
  return assume_bytes("cusolverDnXsyevd_bufferSize", product(n, n), type, device, host);
}

int cusolverDnXsyevBatched_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t,
                                      int, const void*, int type, std::size_t* device, std::size_t* host,
                                      std::int64_t batch) {
  return assume_bytes("cusolverDnXsyevBatched_bufferSize", product(n, n, batch), type, device, host);
}

int cusolverDnXgeev_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t, int,
                               const void*, int, const void*, std::int64_t, int, const void*, std::int64_t,
                               int type, std::size_t* device, std::size_t* host) {
  return assume_bytes("cusolverDnXgeev_bufferSize", product(n, n), type, device, host);
}

int cusolverDnXsytrs_bufferSize(void*, int, std::int64_t n, std::int64_t right_sides, int type, const void*,
                                std::int64_t, const std::int64_t*, int, const void*, std::int64_t,
                                std::size_t* device, std::size_t* host) {
  return assume_bytes("cusolverDnXsytrs_bufferSize", product(n, right_sides), type, device, host);
}

}  // extern "C"
}  // namespace memsweep::standin
