// How the heads of attention lie in memory: rows hold the heads of one token side by side, alone or as one
// third of a packed qkv row; head-major tensors hold all tokens of one head together.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/tensor.h"

namespace memsweep {

/// One matrix, length x size, for each of batch x heads; read or written where it lies.
struct HeadMatrices {
  std::int64_t batch = 0, heads = 0, length = 0, size = 0;
  std::int64_t batch_stride = 0, head_stride = 0, row_stride = 0;  // elements
  std::int64_t first = 0;                                          // offset of the first element
  bool transposed = false;

  /// [B,heads,T,size]
  static HeadMatrices head_major(const Shape& shape) {
    const std::int64_t area = shape[2] * shape[3];
    return {shape[0], shape[1], shape[2], shape[3], shape[1] * area, area, shape[3], 0};
  }

  /// One of `parts` equal parts of each row, [BT,parts*C].
  static HeadMatrices in_rows(const Shape& rows, std::int64_t heads, std::int64_t length, std::int64_t part,
                              std::int64_t parts) {
    const std::int64_t width = rows[1] / parts;
    return {rows[0] / length, heads,         length,  width / heads,
            length * rows[1], width / heads, rows[1], part * width};
  }

  /// Head-major where there are four extents, else a third of packed rows, or rows of its own where
  /// `third` is negative.
  static HeadMatrices of(const Shape& shape, std::int64_t heads, std::int64_t length, std::int64_t third) {
    if (shape.rank == 4) return head_major(shape);
    return third < 0 ? in_rows(shape, heads, length, 0, 1) : in_rows(shape, heads, length, third, 3);
  }

  [[nodiscard]] std::int64_t count() const { return batch * heads; }
  /// Offset of matrix i.
  [[nodiscard]] constexpr std::int64_t offset(std::int64_t i) const {
    return first + i / heads * batch_stride + i % heads * head_stride;
  }
  /// Of the factor of a product.
  [[nodiscard]] std::int64_t rows() const { return transposed ? size : length; }
  [[nodiscard]] std::int64_t columns() const { return transposed ? length : size; }
};

/// The operands of Op::bmm: a' b' for each head. Attributes: transpose_a, transpose_b, heads, length,
/// third_a, third_b (of a packed operand, else -1), as_rows (the result is rows; it lies as if head-major,
/// which is the same for one head or one token).
struct HeadProduct {
  HeadMatrices a, b;
  bool as_rows;

  HeadProduct(std::span<const TensorType> in, std::span<const double> numbers)
      : a(operand(in[0].shape, numbers, 0)), b(operand(in[1].shape, numbers, 1)), as_rows(numbers[6] != 0) {}

  [[nodiscard]] bool fits() const { return a.count() == b.count() && a.columns() == b.rows(); }
  [[nodiscard]] Shape result() const {
    if (as_rows) return {a.batch * a.rows(), a.heads * b.columns()};
    return {a.batch, a.heads, a.rows(), b.columns()};
  }

 private:
  static HeadMatrices operand(const Shape& shape, std::span<const double> numbers, std::size_t i) {
    HeadMatrices matrices =
        HeadMatrices::of(shape, static_cast<std::int64_t>(numbers[2]), static_cast<std::int64_t>(numbers[3]),
                         static_cast<std::int64_t>(numbers[4 + i]));
    matrices.transposed = numbers[i] != 0;
    return matrices;
  }
};

}  // namespace memsweep
