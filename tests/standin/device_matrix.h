// Matrices in the memory of a modelled device that computes, so that the host reads and writes them in place.
#pragma once

#include <cublasLt.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/half.h"

namespace memsweep::standin {

inline std::size_t size_of(cudaDataType type) { return type == CUDA_R_32F ? 4 : 2; }

inline float rounded(cudaDataType type, float value) {
  if (type == CUDA_R_16F) return f32_of_f16(f16_of_f32(value));
  return type == CUDA_R_16BF ? f32_of_bf16(bf16_of_f32(value)) : value;
}

/// (batches, columns, rows) in device memory, with a gap behind every column and every matrix, or by rows.
class Matrix {
 public:
  Matrix(cudaDataType type, std::int64_t rows, std::int64_t columns, std::int64_t batches,
         bool by_rows = false)
      : type_(type), lines_(by_rows ? rows : columns), length_(by_rows ? columns : rows), by_rows_(by_rows) {
    const std::size_t bytes = static_cast<std::size_t>(batches * batch_stride()) * size_of(type);
    EXPECT_EQ(cudaMalloc(&data_, bytes), cudaSuccess);
    EXPECT_EQ(cublasLtMatrixLayoutCreate(&layout_, type, rows, columns, stride()), CUBLAS_STATUS_SUCCESS);
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(batches));
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, batch_stride());
    if (by_rows) set(CUBLASLT_MATRIX_LAYOUT_ORDER, static_cast<std::int32_t>(CUBLASLT_ORDER_ROW));
    for (std::int64_t i = 0; i < batches * batch_stride(); ++i) {
      store(i, std::sin(static_cast<float>(i * 37 % 101)));
    }
  }
  ~Matrix() {
    cublasLtMatrixLayoutDestroy(layout_);
    cudaFree(data_);
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  template <class Value>
  void set(cublasLtMatrixLayoutAttribute_t attribute, Value value) {
    EXPECT_EQ(cublasLtMatrixLayoutSetAttribute(layout_, attribute, &value, sizeof value),
              CUBLAS_STATUS_SUCCESS);
  }

  [[nodiscard]] float at(std::int64_t batch, std::int64_t row, std::int64_t column) const {
    const std::int64_t i = by_rows_ ? row * stride() + column : column * stride() + row;
    return load(batch * batch_stride() + i);
  }
  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] cublasLtMatrixLayout_t layout() const { return layout_; }
  [[nodiscard]] cudaDataType type() const { return type_; }

 private:
  [[nodiscard]] std::int64_t stride() const { return length_ + 2; }
  [[nodiscard]] std::int64_t batch_stride() const { return lines_ * stride() + 3; }
  [[nodiscard]] float load(std::int64_t i) const {
    if (type_ == CUDA_R_32F) return static_cast<const float*>(data_)[i];
    const std::uint16_t bits = static_cast<const std::uint16_t*>(data_)[i];
    return type_ == CUDA_R_16F ? f32_of_f16(bits) : f32_of_bf16(bits);
  }
  void store(std::int64_t i, float value) {
    if (type_ == CUDA_R_32F) {
      static_cast<float*>(data_)[i] = value;
    } else {
      static_cast<std::uint16_t*>(data_)[i] = type_ == CUDA_R_16F ? f16_of_f32(value) : bf16_of_f32(value);
    }
  }

  cudaDataType type_;
  std::int64_t lines_, length_;
  bool by_rows_;
  void* data_ = nullptr;
  cublasLtMatrixLayout_t layout_ = nullptr;
};

}  // namespace memsweep::standin
