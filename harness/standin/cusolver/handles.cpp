// cuSOLVER: handles and parameters; decompositions leave their results, and in devInfo whether they
// succeeded, on the device and have nothing to do here (names.txt).
#include "harness/standin/cusolver/solver.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kHandle = "cusolverDnCreate";
constexpr std::string_view kJacobi = "cusolverDnCreateGesvdjInfo";

struct SolverHandle {
  cudaStream_t stream = nullptr;
};

/// Of iterations by Jacobi's method, none of which is made.
struct Jacobi {
  double tolerance = 0;
  int most_sweeps = 0, sorts = 0;
};

/// What was set is of no use where nothing is computed.
struct Parameters {};

template <class Value>
int set_jacobi(std::string_view function, void* info, Value Jacobi::*field, Value value) {
  return kSolver.with<Jacobi>(function, kJacobi, info, [&](Jacobi& jacobi) { jacobi.*field = value; });
}

}  // namespace

extern "C" {

int cusolverDnCreate(void** handle) { return kSolver.create(kHandle, handle, SolverHandle{}); }
int cusolverDnDestroy(void* handle) { return kSolver.destroy("cusolverDnDestroy", kHandle, handle); }

int cusolverDnSetStream(void* handle, cudaStream_t stream) {
  return kSolver.with<SolverHandle>("cusolverDnSetStream", kHandle, handle,
                                    [&](SolverHandle& held) { held.stream = stream; });
}

int cusolverDnGetStream(void* handle, cudaStream_t* stream) {
  return kSolver.with<SolverHandle>("cusolverDnGetStream", kHandle, handle,
                                    [&](const SolverHandle& held) { *stream = held.stream; });
}

int cusolverDnCreateParams(void** handle) {
  return kSolver.create("cusolverDnCreateParams", handle, Parameters{});
}
int cusolverDnDestroyParams(void* handle) {
  return kSolver.destroy("cusolverDnDestroyParams", "cusolverDnCreateParams", handle);
}
int cusolverDnCreateSyevjInfo(void** handle) {
  return kSolver.create("cusolverDnCreateSyevjInfo", handle, Parameters{});
}
int cusolverDnDestroySyevjInfo(void* handle) {
  return kSolver.destroy("cusolverDnDestroySyevjInfo", "cusolverDnCreateSyevjInfo", handle);
}

int cusolverDnCreateGesvdjInfo(void** handle) { return kSolver.create(kJacobi, handle, Jacobi{}); }
int cusolverDnDestroyGesvdjInfo(void* handle) {
  return kSolver.destroy("cusolverDnDestroyGesvdjInfo", kJacobi, handle);
}
int cusolverDnXgesvdjSetTolerance(void* info, double tolerance) {
  return set_jacobi("cusolverDnXgesvdjSetTolerance", info, &Jacobi::tolerance, tolerance);
}
int cusolverDnXgesvdjSetMaxSweeps(void* info, int sweeps) {
  return set_jacobi("cusolverDnXgesvdjSetMaxSweeps", info, &Jacobi::most_sweeps, sweeps);
}
int cusolverDnXgesvdjSetSortEig(void* info, int sorts) {
  return set_jacobi("cusolverDnXgesvdjSetSortEig", info, &Jacobi::sorts, sorts);
}

}  // extern "C"
}  // namespace memsweep::standin
