#include "kernels/op.h"

#include <array>
#include <stdexcept>

#include "kernels/ops/groups.h"

namespace memsweep {
namespace {

using Table = std::array<OpRow, kOpCount>;

/// Throws std::logic_error unless every op has exactly one row.
Table join(std::initializer_list<std::vector<OpRow>> groups) {
  Table table{};
  std::size_t filled = 0;
  for (const auto& group : groups) {
    for (const OpRow& row : group) {
      OpRow& place = table[static_cast<std::size_t>(row.op)];
      if (!place.name.empty()) throw std::logic_error("an op has two rows");
      place = row;
      ++filled;
    }
  }
  if (filled != kOpCount) throw std::logic_error("an op has no row");
  return table;
}

}  // namespace

const OpRow& row_of(Op op) {
  static const Table table =
      join({ops::generator_rows(), ops::product_rows(), ops::elementwise_rows(), ops::normalisation_rows(),
            ops::embedding_rows(), ops::attention_rows(), ops::convolution_rows(), ops::batch_norm_rows(),
            ops::image_rows(), ops::vector_rows(), ops::optimizer_rows(), ops::adafactor_rows(),
            ops::precision_rows(), ops::clipping_rows()});
  return table[static_cast<std::size_t>(op)];
}

}  // namespace memsweep
