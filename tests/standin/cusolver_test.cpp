// cuSOLVER as PyTorch calls it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"
#include "tests/standin/assumed.h"

extern "C" {
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
int cusolverDnSgetrf_bufferSize(void*, int m, int n, void*, int, int* lwork);
int cusolverDnSormqr_bufferSize(void*, int, int, int m, int n, int, const void*, int, const void*,
                                const void*, int, int* lwork);
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
}

namespace memsweep::standin {
namespace {

constexpr int kReal = 0, kComplex = 4, kDoubleComplex = 5;  // cudaDataType

class StandinCusolver : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB"); }
};

TEST_F(StandinCusolver, HandlesOfCusolverRememberAndAreGivenBack) {
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

TEST_F(StandinCusolver, WorkspacesOfTheOlderFunctionsOfCusolverAreElementsOfTheMatrix) {
  int lwork = 0;
  EXPECT_EQ(cusolverDnZgetrf_bufferSize(nullptr, 30, 20, nullptr, 30, &lwork), 0);
  EXPECT_EQ(lwork, 600);
  EXPECT_EQ(assumed("cusolverDnZgetrf_bufferSize").most_bytes, 600U * 16);
  EXPECT_EQ(cusolverDnSgetrf_bufferSize(nullptr, 3, 2, nullptr, 3, &lwork), 0);
  EXPECT_EQ(lwork, 6);
  EXPECT_EQ(cusolverDnSormqr_bufferSize(nullptr, 0, 0, 7, 3, 2, nullptr, 7, nullptr, nullptr, 7, &lwork), 0);
  EXPECT_EQ(lwork, 21);
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

TEST_F(StandinCusolver, WorkspacesOfTheNewerFunctionsOfCusolverAreBytesOnTheDeviceAlone) {
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

TEST_F(StandinCusolver, AWorkspaceCanBeRefused) {
  set_faults({"cusolverDnSgesvd_bufferSize:1:cudaErrorMemoryAllocation"});
  int lwork = 0;
  EXPECT_EQ(cusolverDnSgesvd_bufferSize(nullptr, 3, 3, &lwork), 2);
  EXPECT_EQ(lwork, 0);
}

}  // namespace
}  // namespace memsweep::standin
