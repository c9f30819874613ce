// Tables of vectors, looked up by index.
#include <algorithm>

#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_embedding(Inputs in, Numbers numbers) {
  const auto indices = static_cast<std::int64_t>(numbers[0]);
  expect(in[1].dtype == DType::i64 && indices <= in[1].shape.elements(), "too few indices in {}",
         in[1].shape);
  return {{{indices, in[0].shape.columns()}, in[0].dtype}};
}

Types infer_embedding_backward(Inputs in, Numbers numbers) {
  expect(in[1].shape.elements() >= in[0].shape.rows(), "an index per gradient");
  return {{{static_cast<std::int64_t>(numbers[0]), in[0].shape.columns()}, in[0].dtype}};
}

/// Bits that the indices of a table of `rows` rows have.
int index_bits(std::int64_t rows) {
  int bits = 0;
  while (rows >> bits != 0) ++bits;
  return bits;
}

std::size_t up_to(std::size_t bytes, std::size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

constexpr std::size_t kCubAlignment = 256;

/// Temporary storage of CUB's radix sort of n pairs of 8 bytes each, one pass for each digit of the keys: a
/// histogram a pass, counters a tile of compute capability 9.0, and the pairs once more
/// (cub/device/dispatch/dispatch_radix_sort.cuh).
std::size_t sort_storage(std::size_t n, int bits) {
  constexpr std::size_t kTile = 384 * 12, kDigits = 256, kDigitBits = 8;
  const std::size_t passes = up_to(static_cast<std::size_t>(bits), kDigitBits) / kDigitBits;
  const std::size_t tiles = up_to(n, kTile) / kTile;
  return kCubAlignment - 1 + kDigits * (8 * passes + 4 * tiles) + kCubAlignment +
         2 * up_to(8 * n, kCubAlignment);
}

/// The same of its scans. Their tiles depend on attributes of kernels, here those of
/// tests/golden/pytorch/ops.jsonl.
std::size_t scan_storage(std::size_t n) {
  constexpr std::size_t kTile = 512;
  const std::size_t tiles = up_to(n, kTile) / kTile, padding = 32;
  return kCubAlignment - 1 + kCubAlignment + up_to(16 * (tiles + padding), kCubAlignment);
}

/// Many indices are sorted, and the gradients of equal ones summed ten at a time
/// (aten/src/ATen/native/cuda/Embedding.cu, EmbeddingBackwardKernel.cu).
Workspaces embedding_backward_workspace(const OpCall& call, const Multiprocessors& gpu) {
  constexpr std::int64_t kFewIndices = 3'072, kRowsPerPartialSum = 10;
  const std::int64_t n = call.inputs[0].shape.rows(), rows = call.outputs[0].shape[0];
  if (gpu.count == 0 || n <= kFewIndices) return {};
  const auto some = [](std::size_t bytes, int given_back = 0, bool before_results = false) {
    return Workspace{WorkspaceKind::partial_results, bytes, given_back, before_results};
  };
  const auto indices = static_cast<std::size_t>(n), segments = static_cast<std::size_t>(std::min(n, rows));
  const bool all_bits = call.attributes[1] != 0;
  const std::size_t sums = static_cast<std::size_t>(n / kRowsPerPartialSum) + segments;
  const auto columns = static_cast<std::size_t>(call.outputs[0].shape.columns());
  return {some(8 * indices, 0, true),
          some(8 * indices, 0, true),
          some(8 * indices, 0, true),
          some(sort_storage(indices, all_bits ? 64 : index_bits(rows)), 2, true),
          some(8 * indices),
          some(8),
          some(8 * indices),
          some(scan_storage(indices), 2),
          some(8 * segments),
          some(8 * segments),
          some(scan_storage(segments), 1),
          some(8),
          some(8 * sums),
          some(4 * columns * sums)};
}

}  // namespace

std::vector<OpRow> embedding_rows() {
  return {
      moving(Op::embedding, "embedding", 2, infer_embedding, {"indices", "all_bits"}),
      {Op::embedding_backward,
       "embedding_backward",
       2,
       1,
       {"rows", "all_bits"},
       infer_embedding_backward,
       by_traffic,
       embedding_backward_workspace},
  };
}

}  // namespace memsweep::ops
