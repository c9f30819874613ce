// cuBLASLt's products against the plain sum.
#include <cublasLt.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "harness/standin/control.h"
#include "tests/standin/device_matrix.h"

namespace memsweep::standin {
namespace {

constexpr std::int64_t kRows = 5, kColumns = 4, kInner = 7, kBatches = 3;

class StandinProducts : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=1GiB,compute=on");
    EXPECT_EQ(cublasLtCreate(&handle_), CUBLAS_STATUS_SUCCESS);
    describe(CUBLAS_COMPUTE_32F);
  }

  void TearDown() override {
    cublasLtMatmulDescDestroy(product_);
    cublasLtDestroy(handle_);
    EXPECT_TRUE(live().empty());
  }

  void describe(cublasComputeType_t compute) {
    cublasLtMatmulDescDestroy(product_);
    EXPECT_EQ(cublasLtMatmulDescCreate(&product_, compute, CUDA_R_32F), CUBLAS_STATUS_SUCCESS);
  }

  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) {
    EXPECT_EQ(cublasLtMatmulDescSetAttribute(product_, attribute, &value, sizeof value),
              CUBLAS_STATUS_SUCCESS);
  }

  cublasStatus_t choose(const Matrix& a, const Matrix& b, const Matrix& c) {
    cublasLtMatmulPreference_t preference = nullptr;
    EXPECT_EQ(cublasLtMatmulPreferenceCreate(&preference), CUBLAS_STATUS_SUCCESS);
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle_, product_, a.layout(), b.layout(), c.layout(), c.layout(), preference, 1, &chosen_, &found);
    EXPECT_EQ(found, status == CUBLAS_STATUS_SUCCESS ? 1 : 0);
    cublasLtMatmulPreferenceDestroy(preference);
    return status;
  }

  cublasStatus_t multiply(const Matrix& a, const Matrix& b, const Matrix& c, float alpha = 1,
                          float beta = 0) {
    return cublasLtMatmul(handle_, product_, &alpha, a.data(), a.layout(), b.data(), b.layout(), &beta,
                          c.data(), c.layout(), c.data(), c.layout(), &chosen_.algo, nullptr, 0, nullptr);
  }

  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t product_ = nullptr;
  cublasLtMatmulHeuristicResult_t chosen_{};
};

float sum_of(const Matrix& a, bool a_transposed, const Matrix& b, bool b_transposed, std::int64_t batch,
             std::int64_t row, std::int64_t column) {
  float sum = 0;
  for (std::int64_t k = 0; k < kInner; ++k) {
    sum += (a_transposed ? a.at(batch, k, row) : a.at(batch, row, k)) *
           (b_transposed ? b.at(batch, column, k) : b.at(batch, k, column));
  }
  return sum;
}

/// One step of the result's type.
float tolerance(cudaDataType type) { return type == CUDA_R_32F ? 2e-6F : type == CUDA_R_16F ? 2e-3F : 2e-2F; }

TEST_F(StandinProducts, EveryTypeAndTransposeMatchesThePlainSum) {
  struct Types {
    cudaDataType factors, result;
  };
  for (const Types types :
       {Types{CUDA_R_32F, CUDA_R_32F}, Types{CUDA_R_16F, CUDA_R_16F}, Types{CUDA_R_16F, CUDA_R_32F},
        Types{CUDA_R_16BF, CUDA_R_16BF}, Types{CUDA_R_16BF, CUDA_R_32F}}) {
    for (const int transposes : {0, 1, 2, 3}) {
      SCOPED_TRACE(std::to_string(types.factors) + " to " + std::to_string(types.result) + ", " +
                   std::to_string(transposes));
      const bool ta = (transposes & 1) != 0, tb = (transposes & 2) != 0;
      const Matrix a(types.factors, ta ? kInner : kRows, ta ? kRows : kInner, kBatches);
      const Matrix b(types.factors, tb ? kColumns : kInner, tb ? kInner : kColumns, kBatches);
      const Matrix c(types.result, kRows, kColumns, kBatches),
          before(types.result, kRows, kColumns, kBatches);
      set(CUBLASLT_MATMUL_DESC_TRANSA, static_cast<std::int32_t>(ta ? CUBLAS_OP_T : CUBLAS_OP_N));
      set(CUBLASLT_MATMUL_DESC_TRANSB, static_cast<std::int32_t>(tb ? CUBLAS_OP_T : CUBLAS_OP_N));
      ASSERT_EQ(choose(a, b, c), CUBLAS_STATUS_SUCCESS);
      ASSERT_EQ(multiply(a, b, c, 0.5F, 2), CUBLAS_STATUS_SUCCESS);
      for (std::int64_t i = 0; i < kBatches * kRows * kColumns; ++i) {
        const std::int64_t batch = i / (kRows * kColumns), row = i % kRows, column = i / kRows % kColumns;
        const float expected =
            0.5F * sum_of(a, ta, b, tb, batch, row, column) + 2 * before.at(batch, row, column);
        EXPECT_NEAR(c.at(batch, row, column), rounded(types.result, expected), tolerance(types.result) * 4);
      }
    }
  }
}

TEST_F(StandinProducts, MatricesMayLieByRows) {
  const Matrix a(CUDA_R_32F, kRows, kInner, 1, true), b(CUDA_R_32F, kInner, kColumns, 1, false);
  const Matrix c(CUDA_R_32F, kRows, kColumns, 1, true);
  ASSERT_EQ(choose(a, b, c), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(multiply(a, b, c), CUBLAS_STATUS_SUCCESS);
  for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
    const std::int64_t row = i % kRows, column = i / kRows;
    EXPECT_NEAR(c.at(0, row, column), sum_of(a, false, b, false, 0, row, column), 4e-6F);
  }
}

float gelu(float x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265F) * (x + 0.044715F * x * x * x)));
}

TEST_F(StandinProducts, EpiloguesAddABiasToEachRowAndThenActivate) {
  struct Case {
    cublasLtEpilogue_t epilogue;
    bool biased;
    float (*activate)(float);
  };
  const auto same = [](float x) { return x; };
  const auto relu = [](float x) { return std::max(x, 0.0F); };
  for (const cudaDataType type : {CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF}) {
    for (const Case& each :
         {Case{CUBLASLT_EPILOGUE_DEFAULT, false, same}, Case{CUBLASLT_EPILOGUE_BIAS, true, same},
          Case{CUBLASLT_EPILOGUE_RELU, false, relu}, Case{CUBLASLT_EPILOGUE_RELU_BIAS, true, relu},
          Case{CUBLASLT_EPILOGUE_GELU, false, gelu}, Case{CUBLASLT_EPILOGUE_GELU_BIAS, true, gelu}}) {
      SCOPED_TRACE(std::to_string(type) + ", epilogue " + std::to_string(each.epilogue));
      const Matrix a(type, kRows, kInner, 1), b(type, kInner, kColumns, 1), c(type, kRows, kColumns, 1);
      const Matrix bias(type, kRows, 1, 1);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, each.epilogue);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.data());
      ASSERT_EQ(choose(a, b, c), CUBLAS_STATUS_SUCCESS);
      ASSERT_EQ(multiply(a, b, c), CUBLAS_STATUS_SUCCESS);
      for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
        const std::int64_t row = i % kRows, column = i / kRows;
        const float sum = sum_of(a, false, b, false, 0, row, column) + (each.biased ? bias.at(0, row, 0) : 0);
        EXPECT_NEAR(c.at(0, row, column), each.activate(sum), tolerance(type) * 2);
      }
    }
  }
}

TEST_F(StandinProducts, AnEpilogueStoresWhatGoesIntoGelu) {
  constexpr std::int64_t kTall = 6, kStride = 8;  // elements from column to column, with the gap of a Matrix
  set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, kStride);
  for (const cudaDataType type : {CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF}) {
    SCOPED_TRACE(type);
    const Matrix a(type, kTall, kInner, 1), b(type, kInner, kColumns, 1), bias(type, kTall, 1, 1);
    const Matrix plain(type, kTall, kColumns, 1), sum(type, kTall, kColumns, 1),
        activated(type, kTall, kColumns, 1);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.data());
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    ASSERT_EQ(choose(a, b, plain), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(multiply(a, b, plain), CUBLAS_STATUS_SUCCESS);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_GELU_AUX_BIAS);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, sum.data());
    ASSERT_EQ(choose(a, b, activated), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(multiply(a, b, activated), CUBLAS_STATUS_SUCCESS);
    for (std::int64_t i = 0; i < kTall * kColumns; ++i) {
      const std::int64_t row = i % kTall, column = i / kTall;
      const float x = sum.at(0, row, column);
      EXPECT_EQ(x, plain.at(0, row, column));
      EXPECT_NEAR(activated.at(0, row, column), gelu(x), tolerance(type) * 4);
    }
  }
}

TEST_F(StandinProducts, ATf32ProductReadsTenBitsOfFraction) {
  describe(CUBLAS_COMPUTE_32F_FAST_TF32);
  const Matrix a(CUDA_R_32F, 1, 1, 1), b(CUDA_R_32F, 1, 1, 1), c(CUDA_R_32F, 1, 1, 1);
  static_cast<float*>(a.data())[0] = 1 + 0x1p-11F;
  static_cast<float*>(b.data())[0] = 1 + 0x1p-10F;
  ASSERT_EQ(choose(a, b, c), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(multiply(a, b, c), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(c.at(0, 0, 0), 1 + 0x1p-10F);
}

TEST(StandinWorkspace, AnAlgorithmThatWantsMoreIsNotOffered) {
  reset("memory=64MiB,workspace=1KiB");
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatrixLayout_t layout = nullptr;
  ASSERT_EQ(cublasLtCreate(&handle), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasLtMatmulPreferenceCreate(&preference), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasLtMatrixLayoutCreate(&layout, CUDA_R_32F, 4, 4, 4), CUBLAS_STATUS_SUCCESS);
  void *matrix = nullptr, *workspace = nullptr;
  ASSERT_EQ(cudaMalloc(&matrix, 64), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&workspace, 1024), cudaSuccess);

  cublasLtMatmulHeuristicResult_t result{};
  int found = 1;
  const auto choose = [&] {
    return cublasLtMatmulAlgoGetHeuristic(handle, product, layout, layout, layout, layout, preference, 1,
                                          &result, &found);
  };
  EXPECT_EQ(choose(), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(found, 0);
  const std::uint64_t most = 4096;
  ASSERT_EQ(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most,
                                                 sizeof most),
            CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(choose(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(result.workspaceSize, 1024U);

  const float one = 1, zero = 0;
  const auto multiply = [&](std::size_t bytes) {
    return cublasLtMatmul(handle, product, &one, matrix, layout, matrix, layout, &zero, matrix, layout,
                          matrix, layout, &result.algo, workspace, bytes, nullptr);
  };
  EXPECT_EQ(multiply(1023), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(multiply(1024), CUBLAS_STATUS_SUCCESS);
}

TEST_F(StandinProducts, WhatDoesNotGoTogetherIsRefused) {
  const Matrix a(CUDA_R_32F, kRows, kInner, 1), b(CUDA_R_32F, kInner, kColumns, 1);
  const Matrix c(CUDA_R_32F, kRows, kColumns, 1), wide(CUDA_R_32F, kRows, kColumns + 1, 1);
  const Matrix half(CUDA_R_16F, kInner, kColumns, 1), batches(CUDA_R_32F, kInner, kColumns, 2);
  EXPECT_EQ(choose(a, b, wide), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(choose(b, a, c), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(choose(a, batches, c), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(choose(a, half, c), CUBLAS_STATUS_NOT_SUPPORTED) << "factors of two types";
  constexpr std::uint32_t kGradientOfGelu = 192;
  for (const std::uint32_t unknown : {999U, kGradientOfGelu}) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, unknown);
    EXPECT_EQ(choose(a, b, c), CUBLAS_STATUS_NOT_SUPPORTED) << unknown;
  }
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_GELU_AUX);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, std::int64_t{kRows});
  EXPECT_EQ(choose(a, b, c), CUBLAS_STATUS_INVALID_VALUE) << "columns of the sum begin at multiples of 8";
  describe(CUBLAS_COMPUTE_64F);
  EXPECT_EQ(choose(a, b, c), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(StandinProducts, AnOperandThatIsNotThereBreaksTheContextLater) {
  const Matrix a(CUDA_R_32F, kRows, kInner, 1), b(CUDA_R_32F, kInner, kColumns, 1);
  const Matrix c(CUDA_R_32F, kRows, kColumns, 1);
  ASSERT_EQ(choose(a, b, c), CUBLAS_STATUS_SUCCESS);
  float on_the_host[kRows * (kInner + 2)] = {};
  const float one = 1, zero = 0;
  EXPECT_EQ(cublasLtMatmul(handle_, product_, &one, on_the_host, a.layout(), b.data(), b.layout(), &zero,
                           c.data(), c.layout(), c.data(), c.layout(), nullptr, nullptr, 0, nullptr),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(multiply(a, b, c), CUBLAS_STATUS_EXECUTION_FAILED);
  cublasLtMatmulDescDestroy(product_);
  cublasLtDestroy(handle_);
  product_ = nullptr;
  handle_ = nullptr;
  reset("");
}

TEST_F(StandinProducts, DescriptorsRememberTheirAttributes) {
  std::int32_t transposed = -1;
  std::size_t written = 0;
  set(CUBLASLT_MATMUL_DESC_TRANSB, static_cast<std::int32_t>(CUBLAS_OP_T));
  EXPECT_EQ(cublasLtMatmulDescGetAttribute(product_, CUBLASLT_MATMUL_DESC_TRANSB, &transposed,
                                           sizeof transposed, &written),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(transposed, CUBLAS_OP_T);
  EXPECT_EQ(written, sizeof transposed);
  EXPECT_EQ(cublasLtMatmulDescSetAttribute(product_, CUBLASLT_MATMUL_DESC_TRANSB, &transposed, 2),
            CUBLAS_STATUS_INVALID_VALUE);
  const Matrix a(CUDA_R_16F, 2, 3, 1);
  std::uint64_t rows = 0;
  EXPECT_EQ(
      cublasLtMatrixLayoutGetAttribute(a.layout(), CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, sizeof rows, nullptr),
      CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(rows, 2U);
  EXPECT_EQ(cublasLtMatmulDescDestroy(reinterpret_cast<cublasLtMatmulDesc_t>(a.layout())),
            CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(StandinProducts, StatusesHaveNames) {
  EXPECT_STREQ(cublasLtGetStatusName(CUBLAS_STATUS_NOT_SUPPORTED), "CUBLAS_STATUS_NOT_SUPPORTED");
  EXPECT_STREQ(cublasLtGetStatusString(CUBLAS_STATUS_SUCCESS), "success");
  EXPECT_EQ(cublasLtGetVersion() / 10000, 13U);
}

TEST_F(StandinProducts, CallsOfCublasCanBeMadeToFail) {
  set_faults({"cublasLtCreate:1:CUBLAS_STATUS_ALLOC_FAILED"});
  cublasLtHandle_t handle = nullptr;
  EXPECT_EQ(cublasLtCreate(&handle), CUBLAS_STATUS_ALLOC_FAILED);
  EXPECT_EQ(handle, nullptr);
}

}  // namespace
}  // namespace memsweep::standin
