// cuFFT, cuSOLVER, cuSPARSE and the batches of cuBLAS as PyTorch calls them: by their own signatures, without
// their headers.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
int cublasSgetrsBatched(void*, int, int, int, const void*, int, const int*, void*, int, int* info, int);
int cublasZgeqrfBatched(void*, int, int, void*, int, void*, int* info, int);
int cublasDgelsBatched(void*, int, int, int, int, void*, int, void*, int, int* info, int*, int);

int cufftCreate(int* plan);
int cufftDestroy(int plan);
int cufftSetStream(int plan, cudaStream_t stream);
int cufftSetAutoAllocation(int plan, int on);
int cufftSetWorkArea(int plan, void* area);
int cufftXtMakePlanMany(int plan, int rank, long long* extents, long long*, long long, long long, int from,
                        long long*, long long, long long, int to, long long batch, std::size_t* bytes,
                        int execution);
int cufftGetSize(int plan, std::size_t* bytes);
int cufftGetVersion(int* version);
int cufftXtExec(int plan, void* from, void* to, int direction);

int cusolverDnCreate(void** handle);
int cusolverDnDestroy(void* handle);
int cusolverDnSetStream(void* handle, cudaStream_t stream);
int cusolverDnGetStream(void* handle, cudaStream_t* stream);
int cusolverDnCreateGesvdjInfo(void** info);
int cusolverDnDestroyGesvdjInfo(void* info);
int cusolverDnXgesvdjSetTolerance(void* info, double tolerance);
int cusolverDnXgesvdjSetMaxSweeps(void* info, int sweeps);
int cusolverDnXgesvdjSetSortEig(void* info, int sorts);
int cusolverDnCreateParams(void** parameters);
int cusolverDnDestroyParams(void* parameters);
int cusolverDnCreateSyevjInfo(void** info);
int cusolverDnDestroySyevjInfo(void* info);
int cusolverDnSpotrf();
int cusolverDnXsyevd();
int cusolverDnZgetrf_bufferSize(void*, int m, int n, void*, int, int* lwork);
int cusolverDnSgesvd_bufferSize(void*, int m, int n, int* lwork);
int cusolverDnDsyevd_bufferSize(void*, int, int, int n, const void*, int, const void*, int* lwork);
int cusolverDnCheevjBatched_bufferSize(void*, int, int, int n, const void*, int, const void*, int* lwork,
                                       void*, int batch);
int cusolverDnCunmqr_bufferSize(void*, int, int, int m, int n, int, const void*, int, const void*,
                                const void*, int, int* lwork);
int cusolverDnSorgqr_bufferSize(void*, int m, int n, int, const void*, int, const void*, int* lwork);
int cusolverDnSgesvdj_bufferSize(void*, int, int, int m, int n, const void*, int, const void*, const void*,
                                 int, const void*, int, int* lwork, void*);
int cusolverDnSgesvdjBatched_bufferSize(void*, int, int m, int n, const void*, int, const void*, const void*,
                                        int, const void*, int, int* lwork, void*, int batch);
int cusolverDnSgesvdaStridedBatched_bufferSize(void*, int, int, int m, int n, const void*, int, long long,
                                               const void*, long long, const void*, int, long long,
                                               const void*, int, long long, int* lwork, int batch);
int cusolverDnXpotrf_bufferSize(void*, void*, int, std::int64_t n, int, const void*, std::int64_t, int type,
                                std::size_t* device, std::size_t* host);
int cusolverDnXgeqrf_bufferSize(void*, void*, std::int64_t m, std::int64_t n, int, const void*, std::int64_t,
                                int, const void*, int type, std::size_t* device, std::size_t* host);
int cusolverDnXsyevd_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t, int,
                                const void*, int type, std::size_t* device, std::size_t* host);
int cusolverDnXsyevBatched_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t,
                                      int, const void*, int type, std::size_t* device, std::size_t* host,
                                      std::int64_t batch);
int cusolverDnXgeev_bufferSize(void*, void*, int, int, std::int64_t n, int, const void*, std::int64_t, int,
                               const void*, int, const void*, std::int64_t, int, const void*, std::int64_t,
                               int type, std::size_t* device, std::size_t* host);
int cusolverDnXsytrs_bufferSize(void*, int, std::int64_t n, std::int64_t right_sides, int type, const void*,
                                std::int64_t, const std::int64_t*, int, const void*, std::int64_t,
                                std::size_t* device, std::size_t* host);

int cusparseCreate(void** handle);
int cusparseDestroy(void* handle);
int cusparseSetStream(void* handle, cudaStream_t stream);
int cusparseGetStream(void* handle, cudaStream_t* stream);
int cusparseSetPointerMode(void* handle, int mode);
int cusparseGetPointerMode(void* handle, int* mode);
int cusparseCreateMatDescr(void** description);
int cusparseDestroyMatDescr(void* description);
int cusparseSetMatType(void* description, int type);
int cusparseCreateCsr(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int, int);
int cusparseCreateCoo(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int);
int cusparseDestroySpMat(const void* matrix);
int cusparseCsrSetStridedBatch(void* matrix, int, std::int64_t, std::int64_t);
int cusparseSpMatGetSize(const void* matrix, std::int64_t* rows, std::int64_t* columns,
                         std::int64_t* nonzeros);
int cusparseCreateDnMat(void** matrix, std::int64_t, std::int64_t, std::int64_t, void*, int, int);
int cusparseDnMatSetStridedBatch(void* matrix, int, std::int64_t);
int cusparseDestroyDnMat(const void* matrix);
int cusparseCreateDnVec(void** vector, std::int64_t, void*, int);
int cusparseDestroyDnVec(const void* vector);
int cusparseSpGEMM_createDescr(void** operation);
int cusparseSpGEMM_destroyDescr(void* operation);
int cusparseSpGEMM_workEstimation(void*, int, int, const void*, const void*, const void*, const void*,
                                  const void*, int, int, const void*, std::size_t* bytes, void*);
int cusparseSpGEMM_compute(void*, int, int, const void*, const void* a, const void* b, const void*, void* c,
                           int, int, const void*, std::size_t* bytes, void*);
int cusparseSpMM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, const void*,
                            int, int, std::size_t* bytes);
int cusparseSpMV_bufferSize(void*, int, const void*, const void*, const void*, const void*, const void*, int,
                            int, std::size_t* bytes);
int cusparseSDDMM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, const void*,
                             int, int, std::size_t* bytes);
int cusparseSpSV_bufferSize(void*, int, const void*, const void*, const void*, const void*, int, int,
                            const void*, std::size_t* bytes);
int cusparseSpSM_bufferSize(void*, int, int, const void*, const void*, const void*, const void*, int, int,
                            const void*, std::size_t* bytes);
int cusparseXcoosort_bufferSizeExt(void*, int, int, int, const int*, const int*, std::size_t* bytes);
int cusparseDbsrsv2_bufferSize(void*, int, int, int, int, const void*, void*, const int*, const int*, int,
                               void*, int* bytes);
int cusparseSbsrsm2_bufferSize(void*, int, int, int, int, int, int, const void*, void*, const int*,
                               const int*, int, void*, int* bytes);
int cusparseScsrgeam2_bufferSizeExt(void*, int, int, const void*, const void*, int, const void*, const int*,
                                    const int*, const void*, const void*, int, const void*, const int*,
                                    const int*, const void*, const void*, const int*, const int*,
                                    std::size_t* bytes);
int cusparseXcsrgeam2Nnz(void*, int rows, int columns, const void*, int nonzeros, const int*, const int*,
                         const void*, int others, const int*, const int*, const void*, int*, int* total,
                         void*);
int cusparseXbsrsm2_zeroPivot(void*, void*, int* position);
int cusparseSpMM();
}

namespace memsweep::standin {
namespace {

constexpr int kReal = 0, kComplex = 4, kDoubleComplex = 5;  // cudaDataType

class StandinMath : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB"); }

  static Estimates assumed(const std::string& function) {
    const auto& all = model().observations.estimates;
    const auto found = all.find(function);
    return found == all.end() ? Estimates{} : found->second;
  }

  static std::size_t in_use() { return model().memory.capacity() - model().memory.free_bytes(0); }
};

/// A plan of `batch` transforms; its work area in bytes.
std::size_t make_plan(int plan, std::array<long long, 2> extents, int from, int to, int execution,
                      long long batch) {
  std::size_t bytes = 0;
  EXPECT_EQ(cufftXtMakePlanMany(plan, 2, extents.data(), nullptr, 1, 1, from, nullptr, 1, 1, to, batch,
                                &bytes, execution),
            0);
  return bytes;
}

TEST_F(StandinMath, AWorkAreaOfCufftIsAssumedToBeAsLargeAsTheComplexValues) {
  int plan = 0;
  ASSERT_EQ(cufftCreate(&plan), 0);
  EXPECT_EQ(cufftSetAutoAllocation(plan, 0), 0);
  EXPECT_EQ(make_plan(plan, {100, 200}, kComplex, kComplex, kComplex, 3), 3U * 100 * 200 * 8);
  EXPECT_EQ(make_plan(plan, {100, 200}, kReal, kComplex, kComplex, 1), 100U * 101 * 8);
  EXPECT_EQ(make_plan(plan, {10, 10}, kDoubleComplex, kDoubleComplex, kDoubleComplex, 1), 10U * 10 * 16);
  std::size_t bytes = 0;
  EXPECT_EQ(cufftGetSize(plan, &bytes), 0);
  EXPECT_EQ(bytes, 1600U);
  EXPECT_EQ(assumed("cufftXtMakePlanMany").count, 3U);
  EXPECT_EQ(assumed("cufftXtMakePlanMany").most_bytes, 480'000U);
  EXPECT_EQ(in_use(), 0U) << "whoever made the plan allocates";
  EXPECT_EQ(cufftXtExec(plan, nullptr, nullptr, -1), 0);
}

TEST_F(StandinMath, APlanOfCufftTakesItsWorkAreaItselfUnlessItIsToldNotTo) {
  int plan = 0, other = 0, version = 0;
  ASSERT_EQ(cufftCreate(&plan), 0);
  ASSERT_EQ(cufftCreate(&other), 0);
  EXPECT_NE(plan, other);
  EXPECT_EQ(cufftSetStream(plan, nullptr), 0);
  (void)make_plan(plan, {1024, 1024}, kComplex, kComplex, kComplex, 1);
  EXPECT_EQ(in_use(), std::size_t{8} << 20);
  EXPECT_EQ(cufftSetWorkArea(plan, nullptr), 0);
  EXPECT_EQ(in_use(), 0U);
  std::array<long long, 1> extents{1 << 20};
  std::size_t bytes = 0;
  constexpr int kAllocationFailed = 2, kInvalidSize = 8, kInvalidPlan = 1;
  EXPECT_EQ(cufftXtMakePlanMany(other, 1, extents.data(), nullptr, 1, 1, kComplex, nullptr, 1, 1, kComplex,
                                100, &bytes, kComplex),
            kAllocationFailed);
  EXPECT_EQ(cufftXtMakePlanMany(other, 4, extents.data(), nullptr, 1, 1, kComplex, nullptr, 1, 1, kComplex, 1,
                                &bytes, kComplex),
            kInvalidSize);
  EXPECT_EQ(cufftDestroy(plan), 0);
  EXPECT_EQ(cufftDestroy(plan), kInvalidPlan);
  EXPECT_EQ(cufftXtExec(plan, nullptr, nullptr, -1), kInvalidPlan);
  EXPECT_EQ(cufftGetVersion(&version), 0);
  EXPECT_EQ(version / 1000, 12);
  EXPECT_EQ(cufftDestroy(other), 0);
  EXPECT_TRUE(model().live().empty());
}

TEST_F(StandinMath, HandlesOfCusolverRememberAndAreGivenBack) {
  void *handle = nullptr, *parameters = nullptr, *jacobi = nullptr, *other = nullptr;
  cudaStream_t stream = nullptr, found = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cusolverDnCreate(&handle), 0);
  EXPECT_EQ(cusolverDnSetStream(handle, stream), 0);
  EXPECT_EQ(cusolverDnGetStream(handle, &found), 0);
  EXPECT_EQ(found, stream);
  ASSERT_EQ(cusolverDnCreateParams(&parameters), 0);
  ASSERT_EQ(cusolverDnCreateGesvdjInfo(&jacobi), 0);
  ASSERT_EQ(cusolverDnCreateSyevjInfo(&other), 0);
  EXPECT_EQ(cusolverDnXgesvdjSetTolerance(jacobi, 1e-7), 0);
  EXPECT_EQ(cusolverDnXgesvdjSetMaxSweeps(jacobi, 100), 0);
  EXPECT_EQ(cusolverDnXgesvdjSetSortEig(jacobi, 1), 0);
  EXPECT_EQ(cusolverDnXgesvdjSetSortEig(parameters, 1), 1) << "another kind of handle";
  EXPECT_EQ(cusolverDnDestroyParams(parameters), 0);
  EXPECT_EQ(cusolverDnDestroyGesvdjInfo(jacobi), 0);
  EXPECT_EQ(cusolverDnDestroySyevjInfo(other), 0);
  EXPECT_EQ(cusolverDnDestroy(handle), 0);
  EXPECT_EQ(cusolverDnDestroy(handle), 1);
  EXPECT_EQ(cusolverDnSetStream(handle, stream), 1);
}

TEST_F(StandinMath, WorkspacesOfTheOlderFunctionsOfCusolverAreElementsOfTheMatrix) {
  int lwork = 0;
  EXPECT_EQ(cusolverDnZgetrf_bufferSize(nullptr, 30, 20, nullptr, 30, &lwork), 0);
  EXPECT_EQ(lwork, 600);
  EXPECT_EQ(assumed("cusolverDnZgetrf_bufferSize").most_bytes, 600U * 16);
  EXPECT_EQ(cusolverDnSgesvd_bufferSize(nullptr, 30, 10, &lwork), 0);
  EXPECT_EQ(lwork, 300);
  EXPECT_EQ(cusolverDnDsyevd_bufferSize(nullptr, 1, 0, 20, nullptr, 20, nullptr, &lwork), 0);
  EXPECT_EQ(lwork, 400);
  EXPECT_EQ(cusolverDnCheevjBatched_bufferSize(nullptr, 1, 0, 4, nullptr, 4, nullptr, &lwork, nullptr, 5), 0);
  EXPECT_EQ(lwork, 80);
  EXPECT_EQ(cusolverDnCunmqr_bufferSize(nullptr, 0, 0, 8, 3, 2, nullptr, 8, nullptr, nullptr, 8, &lwork), 0);
  EXPECT_EQ(lwork, 24);
  EXPECT_EQ(cusolverDnSorgqr_bufferSize(nullptr, 8, 4, 4, nullptr, 8, nullptr, &lwork), 0);
  EXPECT_EQ(lwork, 32);
  EXPECT_EQ(cusolverDnSgesvdj_bufferSize(nullptr, 1, 0, 5, 3, nullptr, 5, nullptr, nullptr, 5, nullptr, 3,
                                         &lwork, nullptr),
            0);
  EXPECT_EQ(lwork, 15);
  EXPECT_EQ(cusolverDnSgesvdjBatched_bufferSize(nullptr, 1, 5, 3, nullptr, 5, nullptr, nullptr, 5, nullptr, 3,
                                                &lwork, nullptr, 7),
            0);
  EXPECT_EQ(lwork, 105);
  EXPECT_EQ(cusolverDnSgesvdaStridedBatched_bufferSize(nullptr, 1, 3, 5, 3, nullptr, 5, 15, nullptr, 3,
                                                       nullptr, 5, 25, nullptr, 3, 9, &lwork, 2),
            0);
  EXPECT_EQ(lwork, 30);
  EXPECT_EQ(cusolverDnZgetrf_bufferSize(nullptr, 100'000, 100'000, nullptr, 100'000, &lwork), 0);
  EXPECT_EQ(lwork, 2'147'483'647) << "as much as the type holds";
}

TEST_F(StandinMath, WorkspacesOfTheNewerFunctionsOfCusolverAreBytesOnTheDeviceAlone) {
  std::size_t device = 0, host = 1;
  EXPECT_EQ(cusolverDnXpotrf_bufferSize(nullptr, nullptr, 0, 10, kReal, nullptr, 10, kReal, &device, &host),
            0);
  EXPECT_EQ(device, 400U);
  EXPECT_EQ(host, 0U);
  EXPECT_EQ(cusolverDnXgeqrf_bufferSize(nullptr, nullptr, 10, 5, kComplex, nullptr, 10, kComplex, nullptr,
                                        kComplex, &device, &host),
            0);
  EXPECT_EQ(device, 400U);
  EXPECT_EQ(cusolverDnXsyevd_bufferSize(nullptr, nullptr, 1, 0, 10, kReal, nullptr, 10, kReal, nullptr, kReal,
                                        &device, &host),
            0);
  EXPECT_EQ(device, 400U);
  EXPECT_EQ(cusolverDnXsyevBatched_bufferSize(nullptr, nullptr, 1, 0, 10, kReal, nullptr, 10, kReal, nullptr,
                                              kReal, &device, &host, 3),
            0);
  EXPECT_EQ(device, 1200U);
  EXPECT_EQ(
      cusolverDnXgeev_bufferSize(nullptr, nullptr, 0, 1, 10, kReal, nullptr, 10, kComplex, nullptr, kReal,
                                 nullptr, 10, kReal, nullptr, 10, kDoubleComplex, &device, &host),
      0);
  EXPECT_EQ(device, 1600U);
  EXPECT_EQ(cusolverDnXsytrs_bufferSize(nullptr, 0, 10, 2, kReal, nullptr, 10, nullptr, kReal, nullptr, 10,
                                        &device, &host),
            0);
  EXPECT_EQ(device, 80U);
  EXPECT_EQ(host, 0U);
}

TEST_F(StandinMath, DecompositionsSucceedAndCanBeMadeToFail) {
  EXPECT_EQ(cusolverDnSpotrf(), 0);
  EXPECT_EQ(cusolverDnXsyevd(), 0);
  EXPECT_EQ(cusparseSpMM(), 0);
  int lwork = 0, plan = 0;
  set_faults({"cusolverDnSgesvd_bufferSize:1:cudaErrorMemoryAllocation",
              "cufftCreate:2:cudaErrorMemoryAllocation", "cusolverDnSpotrf:1:cudaErrorInvalidValue"});
  EXPECT_EQ(cusolverDnSgesvd_bufferSize(nullptr, 3, 3, &lwork), 2);
  EXPECT_EQ(cufftCreate(&plan), 0);
  EXPECT_EQ(cufftCreate(&plan), 2);
  EXPECT_EQ(cusolverDnSpotrf(), 1);
  EXPECT_TRUE(model().observations.unsupported.empty());
}

TEST_F(StandinMath, BatchesOfCublasTellTheHostThatTheyWereCalledWell) {
  int info = 7;
  EXPECT_EQ(cublasSgetrsBatched(nullptr, 0, 4, 1, nullptr, 4, nullptr, nullptr, 4, &info, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasZgeqrfBatched(nullptr, 4, 4, nullptr, 4, nullptr, &info, 2), 0);
  EXPECT_EQ(info, 0);
  info = 7;
  EXPECT_EQ(cublasDgelsBatched(nullptr, 0, 4, 4, 1, nullptr, 4, nullptr, 4, &info, nullptr, 2), 0);
  EXPECT_EQ(info, 0);
}

TEST_F(StandinMath, HandlesOfCusparseRememberAndAreGivenBack) {
  void *handle = nullptr, *description = nullptr, *dense = nullptr, *vector = nullptr, *operation = nullptr;
  ASSERT_EQ(cusparseCreate(&handle), 0);
  int mode = 0;
  EXPECT_EQ(cusparseSetPointerMode(handle, 1), 0);
  EXPECT_EQ(cusparseGetPointerMode(handle, &mode), 0);
  EXPECT_EQ(mode, 1);
  cudaStream_t stream = nullptr, found = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  EXPECT_EQ(cusparseSetStream(handle, stream), 0);
  EXPECT_EQ(cusparseGetStream(handle, &found), 0);
  EXPECT_EQ(found, stream);
  ASSERT_EQ(cusparseCreateMatDescr(&description), 0);
  EXPECT_EQ(cusparseSetMatType(description, 0), 0);
  EXPECT_EQ(cusparseSetMatType(handle, 0), 1) << "another kind of handle";
  ASSERT_EQ(cusparseCreateDnMat(&dense, 2, 2, 2, nullptr, kReal, 1), 0);
  EXPECT_EQ(cusparseDnMatSetStridedBatch(dense, 2, 4), 0);
  ASSERT_EQ(cusparseCreateDnVec(&vector, 2, nullptr, kReal), 0);
  ASSERT_EQ(cusparseSpGEMM_createDescr(&operation), 0);
  EXPECT_EQ(cusparseSpGEMM_destroyDescr(operation), 0);
  EXPECT_EQ(cusparseDestroyDnVec(vector), 0);
  EXPECT_EQ(cusparseDestroyDnMat(dense), 0);
  EXPECT_EQ(cusparseDestroyMatDescr(description), 0);
  EXPECT_EQ(cusparseDestroy(handle), 0);
  EXPECT_EQ(cusparseDestroy(handle), 1);
}

TEST_F(StandinMath, WorkspacesOfCusparseAreCountedAsNothingAndNoted) {
  std::size_t bytes = 1;
  const auto expect_none = [&](int status, const char* function) {
    EXPECT_EQ(status, 0) << function;
    EXPECT_EQ(bytes, 0U) << function;
    EXPECT_EQ(assumed(function).count, 1U) << function;
    bytes = 1;
  };
  expect_none(
      cusparseSpMM_bufferSize(nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 0, &bytes),
      "cusparseSpMM_bufferSize");
  expect_none(cusparseSpMV_bufferSize(nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 0, &bytes),
              "cusparseSpMV_bufferSize");
  expect_none(
      cusparseSDDMM_bufferSize(nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 0, &bytes),
      "cusparseSDDMM_bufferSize");
  expect_none(cusparseSpSV_bufferSize(nullptr, 0, nullptr, nullptr, nullptr, nullptr, 0, 0, nullptr, &bytes),
              "cusparseSpSV_bufferSize");
  expect_none(
      cusparseSpSM_bufferSize(nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr, 0, 0, nullptr, &bytes),
      "cusparseSpSM_bufferSize");
  expect_none(cusparseXcoosort_bufferSizeExt(nullptr, 4, 4, 8, nullptr, nullptr, &bytes),
              "cusparseXcoosort_bufferSizeExt");
  expect_none(cusparseScsrgeam2_bufferSizeExt(nullptr, 4, 4, nullptr, nullptr, 8, nullptr, nullptr, nullptr,
                                              nullptr, nullptr, 8, nullptr, nullptr, nullptr, nullptr,
                                              nullptr, nullptr, nullptr, &bytes),
              "cusparseScsrgeam2_bufferSizeExt");
  int small = 1;
  EXPECT_EQ(
      cusparseDbsrsv2_bufferSize(nullptr, 0, 0, 4, 4, nullptr, nullptr, nullptr, nullptr, 2, nullptr, &small),
      0);
  EXPECT_EQ(small, 0);
  small = 1;
  EXPECT_EQ(cusparseSbsrsm2_bufferSize(nullptr, 0, 0, 0, 4, 4, 4, nullptr, nullptr, nullptr, nullptr, 2,
                                       nullptr, &small),
            0);
  EXPECT_EQ(small, 0);
  EXPECT_EQ(cusparseXbsrsm2_zeroPivot(nullptr, nullptr, &small), 0);
  EXPECT_EQ(small, -1) << "no pivot is zero";
}

/// The elements of a product of two sparse matrices of those many.
std::int64_t product_of(std::int64_t nonzeros, std::int64_t others) {
  void *a = nullptr, *b = nullptr, *c = nullptr;
  EXPECT_EQ(cusparseCreateCsr(&a, 100, 50, nonzeros, nullptr, nullptr, nullptr, 2, 2, 0, 0), 0);
  EXPECT_EQ(cusparseCreateCoo(&b, 50, 20, others, nullptr, nullptr, nullptr, 2, 0, 0), 0);
  EXPECT_EQ(cusparseCreateCsr(&c, 100, 20, 0, nullptr, nullptr, nullptr, 2, 2, 0, 0), 0);
  std::size_t bytes = 1;
  EXPECT_EQ(
      cusparseSpGEMM_workEstimation(nullptr, 0, 0, nullptr, a, b, nullptr, c, 0, 0, nullptr, &bytes, nullptr),
      0);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(cusparseSpGEMM_compute(nullptr, 0, 0, nullptr, a, b, nullptr, c, 0, 0, nullptr, &bytes, nullptr),
            0);
  std::int64_t rows = 0, columns = 0, elements = 0;
  EXPECT_EQ(cusparseSpMatGetSize(c, &rows, &columns, &elements), 0);
  EXPECT_EQ(rows, 100);
  EXPECT_EQ(columns, 20);
  for (void* matrix : {a, b, c}) EXPECT_EQ(cusparseDestroySpMat(matrix), 0);
  return elements;
}

TEST_F(StandinMath, ASparseProductIsAssumedToHaveATermForEachPairOfElementsThatMeet) {
  EXPECT_EQ(product_of(200, 100), 200 * 100 / 50);
  EXPECT_EQ(product_of(5000, 1000), 100 * 20) << "no more than there are";
  EXPECT_EQ(product_of(0, 100), 0);
  EXPECT_EQ(assumed("cusparseSpGEMM_compute").count, 3U);
  EXPECT_EQ(assumed("cusparseSpGEMM_compute").most_bytes, 2000U * 8);
  EXPECT_EQ(cusparseSpMatGetSize(nullptr, nullptr, nullptr, nullptr), 1);
}

TEST_F(StandinMath, ASparseSumIsAssumedToHaveAllElementsOfBoth) {
  void* handle = nullptr;
  ASSERT_EQ(cusparseCreate(&handle), 0);
  int total = 0;
  EXPECT_EQ(cusparseXcsrgeam2Nnz(handle, 10, 10, nullptr, 30, nullptr, nullptr, nullptr, 20, nullptr, nullptr,
                                 nullptr, nullptr, &total, nullptr),
            0);
  EXPECT_EQ(total, 50);
  EXPECT_EQ(cusparseXcsrgeam2Nnz(handle, 10, 10, nullptr, 90, nullptr, nullptr, nullptr, 90, nullptr, nullptr,
                                 nullptr, nullptr, &total, nullptr),
            0);
  EXPECT_EQ(total, 100);
}

}  // namespace
}  // namespace memsweep::standin
