// Element types, shapes and sizes: what a tensor is before it has an address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace memsweep {

enum class DType : std::uint8_t { f32, f16, bf16, f64, i64, u8, boolean };

[[nodiscard]] std::string_view name_of(DType dtype);

/// Bytes of one element.
[[nodiscard]] constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return 4;
    case DType::f16:
    case DType::bf16: return 2;
    case DType::f64:
    case DType::i64: return 8;
    case DType::u8:
    case DType::boolean: return 1;
  }
  return 0;
}

/// Row-major extents, at most four. A scalar has rank 0 and one element.
struct Shape {
  static constexpr int kMaxRank = 4;

  std::array<std::int64_t, kMaxRank> extents{};
  int rank = 0;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);

  [[nodiscard]] std::int64_t elements() const;
  /// The last extent (1 for a scalar), and how many rows of that length there are.
  [[nodiscard]] std::int64_t columns() const;
  [[nodiscard]] std::int64_t rows() const { return elements() / columns(); }
  /// Elements of one entry along the first extent: its width once it is flattened.
  [[nodiscard]] std::int64_t flat() const { return elements() / (*this)[0]; }

  [[nodiscard]] std::int64_t operator[](int i) const { return extents[static_cast<std::size_t>(i)]; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// "32x256"; "scalar" for rank 0.
[[nodiscard]] std::string to_string(const Shape& shape);

struct TensorType {
  Shape shape;
  DType dtype = DType::f32;

  [[nodiscard]] std::size_t bytes() const {
    return static_cast<std::size_t>(shape.elements()) * size_of(dtype);
  }
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

}  // namespace memsweep
