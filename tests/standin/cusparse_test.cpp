// cuSPARSE as PyTorch calls it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"
#include "tests/standin/assumed.h"

extern "C" {
int cusparseCreate(void** handle);
int cusparseDestroy(void* handle);
int cusparseSetStream(void* handle, cudaStream_t stream);
int cusparseGetStream(void* handle, cudaStream_t* stream);
int cusparseSetPointerMode(void* handle, int mode);
int cusparseGetPointerMode(void* handle, int* mode);
const char* cusparseGetErrorString(int status);
int cusparseCreateMatDescr(void** description);
int cusparseDestroyMatDescr(void* description);
int cusparseSetMatType(void* description, int type);
int cusparseSetMatFillMode(void* description, int fill);
int cusparseSetMatDiagType(void* description, int diagonal);
int cusparseSetMatIndexBase(void* description, int base);
int cusparseCreateCsr(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int, int);
int cusparseCreateCoo(void** matrix, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, void*,
                      void*, void*, int, int, int);
int cusparseDestroySpMat(const void* matrix);
int cusparseCsrSetPointers(void* matrix, void* offsets, void* columns, void* values);
int cusparseSpMatSetAttribute(void* matrix, int attribute, void* data, std::size_t bytes);
int cusparseCsrSetStridedBatch(void* matrix, int, std::int64_t, std::int64_t);
int cusparseSpMatGetSize(const void* matrix, std::int64_t* rows, std::int64_t* columns,
                         std::int64_t* nonzeros);
int cusparseCreateDnMat(void** matrix, std::int64_t, std::int64_t, std::int64_t, void*, int, int);
int cusparseDnMatSetStridedBatch(void* matrix, int, std::int64_t);
int cusparseDestroyDnMat(const void* matrix);
int cusparseCreateDnVec(void** vector, std::int64_t, void*, int);
int cusparseDestroyDnVec(const void* vector);
int cusparseSpSM_createDescr(void** operation);
int cusparseSpSM_destroyDescr(void* operation);
int cusparseSpSV_createDescr(void** operation);
int cusparseSpSV_destroyDescr(void* operation);
int cusparseCreateBsrsm2Info(void** operation);
int cusparseDestroyBsrsm2Info(void* operation);
int cusparseCreateBsrsv2Info(void** operation);
int cusparseDestroyBsrsv2Info(void* operation);
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
int cusparseXcsrsort_bufferSizeExt(void*, int, int, int, const int*, const int*, std::size_t* bytes);
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
int cusparseXbsrsv2_zeroPivot(void*, void*, int* position);
}

namespace memsweep::standin {
namespace {

constexpr int kReal = 0;  // cudaDataType

class StandinCusparse : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB"); }
};

TEST_F(StandinCusparse, HandlesOfCusparseRememberAndAreGivenBack) {
  void *handle = nullptr, *description = nullptr, *dense = nullptr, *vector = nullptr;
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
  EXPECT_EQ(cusparseSetMatFillMode(description, 1), 0);
  EXPECT_EQ(cusparseSetMatDiagType(description, 1), 0);
  EXPECT_EQ(cusparseSetMatIndexBase(description, 1), 0);
  EXPECT_EQ(cusparseSetMatType(handle, 0), 1) << "another kind of handle";
  ASSERT_EQ(cusparseCreateDnMat(&dense, 2, 2, 2, nullptr, kReal, 1), 0);
  EXPECT_EQ(cusparseDnMatSetStridedBatch(dense, 2, 4), 0);
  ASSERT_EQ(cusparseCreateDnVec(&vector, 2, nullptr, kReal), 0);
  EXPECT_EQ(cusparseDestroyDnVec(vector), 0);
  EXPECT_EQ(cusparseDestroyDnMat(dense), 0);
  EXPECT_EQ(cusparseDestroyMatDescr(description), 0);
  EXPECT_EQ(cusparseDestroy(handle), 0);
  EXPECT_EQ(cusparseDestroy(handle), 1);
}

TEST_F(StandinCusparse, WhatOperationsKeepLivesFromCreateToDestroy) {
  struct Operation {
    int (*create)(void** operation);
    int (*destroy)(void* operation);
  };
  for (const Operation& each : {Operation{cusparseSpGEMM_createDescr, cusparseSpGEMM_destroyDescr},
                                Operation{cusparseSpSM_createDescr, cusparseSpSM_destroyDescr},
                                Operation{cusparseSpSV_createDescr, cusparseSpSV_destroyDescr},
                                Operation{cusparseCreateBsrsm2Info, cusparseDestroyBsrsm2Info},
                                Operation{cusparseCreateBsrsv2Info, cusparseDestroyBsrsv2Info}}) {
    void* operation = nullptr;
    ASSERT_EQ(each.create(&operation), 0);
    EXPECT_EQ(live().size(), 1U);
    EXPECT_EQ(each.destroy(operation), 0);
    EXPECT_TRUE(live().empty());
    EXPECT_EQ(each.destroy(operation), 1);
  }
}

TEST_F(StandinCusparse, WhatOnlyKernelsReadIsSetOfASparseMatrixAlone) {
  void* matrix = nullptr;
  ASSERT_EQ(cusparseCreateCsr(&matrix, 4, 4, 8, nullptr, nullptr, nullptr, 2, 2, 0, 0), 0);
  EXPECT_EQ(cusparseCsrSetPointers(matrix, nullptr, nullptr, nullptr), 0);
  EXPECT_EQ(cusparseSpMatSetAttribute(matrix, 0, nullptr, 0), 0);
  EXPECT_EQ(cusparseCsrSetStridedBatch(matrix, 2, 4, 8), 0);
  ASSERT_EQ(cusparseDestroySpMat(matrix), 0);
  EXPECT_EQ(cusparseCsrSetPointers(matrix, nullptr, nullptr, nullptr), 1);
  EXPECT_EQ(cusparseSpMatSetAttribute(matrix, 0, nullptr, 0), 1);
  EXPECT_EQ(cusparseCsrSetStridedBatch(matrix, 2, 4, 8), 1);
  EXPECT_STREQ(cusparseGetErrorString(0), "success");
}

TEST_F(StandinCusparse, WorkspacesOfCusparseAreCountedAsNothingAndNoted) {
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
  expect_none(cusparseXcsrsort_bufferSizeExt(nullptr, 4, 4, 8, nullptr, nullptr, &bytes),
              "cusparseXcsrsort_bufferSizeExt");
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
  small = 1;
  EXPECT_EQ(cusparseXbsrsv2_zeroPivot(nullptr, nullptr, &small), 0);
  EXPECT_EQ(small, -1);
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

TEST_F(StandinCusparse, ASparseProductIsAssumedToHaveATermForEachPairOfElementsThatMeet) {
  EXPECT_EQ(product_of(200, 100), 200 * 100 / 50);
  EXPECT_EQ(product_of(5000, 1000), 100 * 20) << "no more than there are";
  EXPECT_EQ(product_of(0, 100), 0);
  EXPECT_EQ(assumed("cusparseSpGEMM_compute").count, 3U);
  EXPECT_EQ(assumed("cusparseSpGEMM_compute").most_bytes, 2000U * 8);
  EXPECT_EQ(cusparseSpMatGetSize(nullptr, nullptr, nullptr, nullptr), 1);
}

TEST_F(StandinCusparse, ASparseSumIsAssumedToHaveAllElementsOfBoth) {
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
