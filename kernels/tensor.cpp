#include "kernels/tensor.h"

#include <fmt/format.h>

#include <stdexcept>

namespace memsweep {

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::f64: return "f64";
    case DType::i64: return "i64";
    case DType::u8: return "u8";
    case DType::boolean: return "bool";
  }
  return "?";
}

Shape::Shape(std::initializer_list<std::int64_t> dims) : rank(static_cast<int>(dims.size())) {
  if (rank > kMaxRank) throw std::invalid_argument("a shape has at most 4 extents");
  std::size_t i = 0;
  for (std::int64_t extent : dims) extents[i++] = extent;
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  for (int i = 0; i < rank; ++i) product *= (*this)[i];
  return product;
}

std::int64_t Shape::columns() const { return rank == 0 ? 1 : (*this)[rank - 1]; }

std::string to_string(const Shape& shape) {
  if (shape.rank == 0) return "scalar";
  std::string text = std::to_string(shape[0]);
  for (int i = 1; i < shape.rank; ++i) text += fmt::format("x{}", shape[i]);
  return text;
}

}  // namespace memsweep
